using System.Text.Json;
using System.Text.Json.Nodes;
using Nethereum.JsonRpc.Client;
using Nethereum.JsonRpc.Client.RpcMessages;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using NethereumError = Nethereum.JsonRpc.Client.RpcMessages.RpcError;

namespace Foresight.Chain.Rpc;

/// <summary>
/// A way to the chain: one endpoint, or several. It is a client of Nethereum, so that <c>new Web3(client)</c> and Nethereum's services work
/// over it, and has what Nethereum's own interface lacks: cancellation, one answer for each request of a batch, and no need to read large
/// answers into Newtonsoft's tree.
/// </summary>
public abstract class NodeClient : ClientBase
{
    // Nethereum's interface has no parameter for it.
    private static readonly AsyncLocal<CancellationToken> Cancellation = new();

    private static readonly JsonSerializerSettings Settings = DefaultJsonSerializerSettingsFactory.BuildDefaultJsonSerializerSettings();

    /// <summary>
    /// Sends all requests, in one HTTP request each <see cref="HttpNodeClient.BatchLimit"/>; answers come in the order of the requests.
    /// </summary>
    /// <exception cref="RpcUnavailableException">At least one request has no trustworthy answer.</exception>
    public abstract Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken);

    /// <summary>What came back cannot be true. Where there is a choice, another endpoint is asked for a while.</summary>
    public virtual void Distrust(string reason)
    {
        // One endpoint alone has no other to go to; its reader refuses what it says.
    }

    /// <summary>Requests that Nethereum's services send further down the calling async method end with it.</summary>
    internal static void CancelWith(CancellationToken cancellationToken) => Cancellation.Value = cancellationToken;

    /// <exception cref="RpcException">The node refused.</exception>
    public override async Task<RpcResponseMessage> SendAsync(RpcRequestMessage rpcRequestMessage, string? route = null)
    {
        var reply = (await SendAsync([Request(rpcRequestMessage)], Cancellation.Value))[0];
        return reply.Required().ValueKind == JsonValueKind.Number
            ? throw new RpcUnavailableException(reply.Method, "the answer is a number, where Ethereum has text")
            : Message(rpcRequestMessage.Id, reply);
    }

    protected override async Task<RpcResponseMessage[]> SendAsync(RpcRequestMessage[] requests)
    {
        var replies = await SendAsync([.. requests.Select(Request)], Cancellation.Value);
        return [.. replies.Select((reply, i) => Message(requests[i].Id, reply))];
    }

    private static RpcRequest Request(RpcRequestMessage request) =>
        new(
            request.Method,
            request.RawParameters is null
                ? []
                : [.. JsonNode.Parse(JsonConvert.SerializeObject(request.RawParameters, Settings))!.AsArray().Select(p => p?.DeepClone())]
        );

    private static RpcResponseMessage Message(object id, RpcReply reply) =>
        reply.Error is { } error
            ? new RpcResponseMessage(
                id,
                new NethereumError
                {
                    Code = error.Code,
                    Message = error.NodeMessage,
                    Data = error.RevertData is { } data ? JToken.FromObject(Hex.Encode(data)) : null,
                }
            )
            : new RpcResponseMessage(id, JToken.Parse(reply.Result.GetRawText()));
}
