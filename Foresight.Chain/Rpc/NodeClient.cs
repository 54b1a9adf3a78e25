using System.Text.Json;
using System.Text.Json.Nodes;
using Nethereum.JsonRpc.Client;
using Nethereum.JsonRpc.Client.RpcMessages;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using NethereumError = Nethereum.JsonRpc.Client.RpcMessages.RpcError;

namespace Foresight.Chain.Rpc;

/// <summary>
/// Derives from Nethereum's client, so that <c>new Web3(client)</c> and Nethereum's services work over it. Adds what Nethereum's interface
/// lacks: cancellation, a separate result for each request of a batch, and large answers without Newtonsoft's tree (docs/decisions/0207).
/// </summary>
public abstract class NodeClient : ClientBase
{
    // Ambient, because Nethereum's interface has no parameter for it.
    private static readonly AsyncLocal<CancellationToken> Cancellation = new();

    private static readonly JsonSerializerSettings Settings = DefaultJsonSerializerSettingsFactory.BuildDefaultJsonSerializerSettings();

    /// <summary>Answers are in the order of the requests.</summary>
    /// <exception cref="RpcUnavailableException">
    /// At least one request has no trustworthy answer, so the others are not returned either: a caller relies on all of them.
    /// </exception>
    public abstract Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken);

    /// <summary>
    /// For an answer that only its reader finds to be impossible. A client of several endpoints then asks another one for a while.
    /// </summary>
    public virtual void Distrust(string reason)
    {
        // A single endpoint has no alternative, and the reader refuses the answer.
    }

    /// <summary>
    /// To be asked one by one, where one endpoint's word is not enough. Empty if there is only one: it would confirm itself.
    /// </summary>
    public virtual IReadOnlyList<NodeClient> WellEndpoints => [];

    /// <summary>Nethereum's services take no token, so it flows with the async call: set it in the method that calls them.</summary>
    internal static void CancelWith(CancellationToken cancellationToken) => Cancellation.Value = cancellationToken;

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
