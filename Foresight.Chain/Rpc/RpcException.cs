using System.Text.Json;

namespace Foresight.Chain.Rpc;

/// <summary>The node answered, and refused. For a revert, <see cref="RevertData"/> and <see cref="RevertReason"/> say why.</summary>
public class RpcException : Exception
{
    /// <summary>geth's and anvil's code of an execution that reverted.</summary>
    public const int ExecutionReverted = 3;

    public RpcException(string method, int code, string message, byte[]? revertData = null)
        : base(revertData is { Length: > 0 } ? $"{method}: {message} ({Rpc.RevertReason.Text(revertData)})" : $"{method}: {message}") =>
        (Method, Code, NodeMessage, RevertData) = (method, code, message, revertData);

    protected RpcException(string method, string message, Exception? inner)
        : base($"{method}: {message}", inner) => (Method, NodeMessage) = (method, message);

    public string Method { get; }

    /// <summary>JSON-RPC's code; 0 where the node did not answer.</summary>
    public int Code { get; }

    /// <summary>The node's own words.</summary>
    public string NodeMessage { get; }

    /// <summary>What the contract reverted with; null where the error is no revert or the node does not tell.</summary>
    public byte[]? RevertData { get; }

    /// <summary>Readable form of <see cref="RevertData"/>.</summary>
    public string? RevertReason => RevertData is null ? null : Rpc.RevertReason.Text(RevertData);

    /// <summary>The call ran and reverted, as opposed to not being run.</summary>
    public bool IsRevert =>
        RevertData is not null
        || Code == ExecutionReverted
        || NodeMessage.StartsWith("execution reverted", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The node says that it cannot serve now (internal error, resource unavailable, too many requests), not that the request is wrong. A
    /// query for logs that is too large has the last code too, and is the asker's to make smaller.
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

    // Most nodes put the revert data there as a string; some wrap it once more.
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

/// <summary>The node did not answer, or not in a way that can be trusted: nothing is known, and nothing may be concluded.</summary>
public sealed class RpcUnavailableException(string method, string message, Exception? inner = null) : RpcException(method, message, inner)
{
    /// <summary>It was waited for in vain. Another try would cost as long again.</summary>
    public bool IsSilence { get; init; }
}
