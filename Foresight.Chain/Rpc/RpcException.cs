using System.Text.Json;

namespace Foresight.Chain.Rpc;

/// <summary>A refusal is an answer, unlike <see cref="RpcUnavailableException"/>, so conclusions may be drawn from it.</summary>
public class RpcException : Exception
{
    /// <summary>
    /// Used by geth and anvil for an execution that reverted; other nodes differ, so it is not the only sign of a revert.
    /// </summary>
    public const int ExecutionReverted = 3;

    public RpcException(string method, int code, string message, byte[]? revertData = null)
        : base(revertData is { Length: > 0 } ? $"{method}: {message} ({Rpc.RevertReason.Text(revertData)})" : $"{method}: {message}") =>
        (Method, Code, NodeMessage, RevertData) = (method, code, message, revertData);

    protected RpcException(string method, string message, Exception? inner)
        : base($"{method}: {message}", inner) => (Method, NodeMessage) = (method, message);

    public string Method { get; }

    public int Code { get; }

    public string NodeMessage { get; }

    /// <summary>Null does not mean that the call did not revert, because some nodes omit the data.</summary>
    public byte[]? RevertData { get; }

    public string? RevertReason => RevertData is null ? null : Rpc.RevertReason.Text(RevertData);

    /// <summary>By data, code or message, because nodes differ in which of them they give. False if the call was not executed.</summary>
    public bool IsRevert =>
        RevertData is not null
        || Code == ExecutionReverted
        || NodeMessage.StartsWith("execution reverted", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The request is valid, but the node cannot serve it now (internal error, resource unavailable, too many requests), so another one is
    /// asked. Of log queries the same codes may mean that the range is too large, which the caller must split.
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
