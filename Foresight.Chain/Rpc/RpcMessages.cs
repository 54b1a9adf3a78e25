using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foresight.Chain.Rpc;

public sealed record RpcRequest(string Method, params IReadOnlyList<JsonNode?> Parameters);

/// <summary>One answer: a result, or the node's refusal.</summary>
public readonly record struct RpcReply(string Method, JsonElement Result, RpcException? Error)
{
    /// <exception cref="RpcException">The node refused.</exception>
    public JsonElement Required() => Error is null ? Result : throw Error;
}

/// <summary>
/// Carries requests to a node. One body talks to one endpoint; another may choose among several and fail over.
/// </summary>
public interface IRpcTransport
{
    /// <summary>
    /// Sends all requests, in one HTTP request each <see cref="HttpRpcTransport.BatchLimit"/>; answers come in the order of the requests.
    /// </summary>
    /// <exception cref="RpcUnavailableException">At least one request has no trustworthy answer.</exception>
    Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancel);

    /// <summary>What came back cannot be true. Where there is a choice, another endpoint is asked for a while.</summary>
    void Distrust(string reason)
    {
        // One endpoint alone has no other to go to; its reader refuses what it says.
    }
}
