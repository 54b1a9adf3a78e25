using System.Text.Json;

namespace Foresight.Chain.Rpc;

/// <summary>A refusal by the node. For a revert, <see cref="RevertData"/> and <see cref="RevertReason"/> carry the cause.</summary>
public class RpcException : Exception
{
    /// <summary>Error code of geth and anvil for an execution that reverted.</summary>
    public const int ExecutionReverted = 3;

    public RpcException(string method, int code, string message, byte[]? revertData = null)
        : base(revertData is { Length: > 0 } ? $"{method}: {message} ({Rpc.RevertReason.Text(revertData)})" : $"{method}: {message}") =>
        (Method, Code, NodeMessage, RevertData) = (method, code, message, revertData);

    protected RpcException(string method, string message, Exception? inner)
        : base($"{method}: {message}", inner) => (Method, NodeMessage) = (method, message);

    public string Method { get; }

    /// <summary>JSON-RPC error code; 0 if the node did not answer.</summary>
    public int Code { get; }

    public string NodeMessage { get; }

    /// <summary>Revert data; null if the error is no revert or the node omits the data.</summary>
    public byte[]? RevertData { get; }

    public string? RevertReason => RevertData is null ? null : Rpc.RevertReason.Text(RevertData);

    /// <summary>True if the call was executed and reverted, false if it was not executed.</summary>
    public bool IsRevert =>
        RevertData is not null
        || Code == ExecutionReverted
        || NodeMessage.StartsWith("execution reverted", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// True if the node cannot serve now (internal error, resource unavailable, too many requests), although the request is valid. The last
    /// code also means a log query that is too large, which the caller must split.
    /// </summary>
    internal bool IsNodeTrouble => !IsRevert && Method != "eth_getLogs" && Code is -32603 or -32002 or -32005 or -32016;

    internal static RpcException Of(string method, JsonElement error)
    {
        var code = error.TryGetProperty("code", out var c) && c.TryGetInt32(out var number) ? number : 0;
        var message =
            error.TryGetProperty("message", out var m) && m.ValueKind == JsonValueKind.String
                ? m.GetString()!
                : "an error without a message";
        return new RpcException(method, code, message, DataOf(error));
    }

    // Most nodes put the revert data here as a string; some wrap it in an object.
    private static byte[]? DataOf(JsonElement error)
    {
        if (!error.TryGetProperty("data", out var data))
            return null;
        if (data.ValueKind == JsonValueKind.Object && data.TryGetProperty("data", out var inner))
            data = inner;
        if (data.ValueKind != JsonValueKind.String)
            return null;
        var text = data.GetString()!;
        if (text.StartsWith("Reverted 0x", StringComparison.Ordinal))
            text = text["Reverted ".Length..];
        var bytes = new byte[Math.Max(0, (text.Length - 2) / 2)];
        return Hex.TryDecode(text, bytes) ? bytes : null;
    }
}

/// <summary>No answer, or none that can be trusted: the state of the chain is unknown, and no conclusion may be drawn.</summary>
public sealed class RpcUnavailableException(string method, string message, Exception? inner = null) : RpcException(method, message, inner)
{
    /// <summary>True for a timeout: another attempt would take as long again.</summary>
    public bool IsSilence { get; init; }
}
