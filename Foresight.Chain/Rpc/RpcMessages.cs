using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foresight.Chain.Rpc;

public sealed record RpcRequest(string Method, params IReadOnlyList<JsonNode?> Parameters);

public readonly record struct RpcReply(string Method, JsonElement Result, RpcException? Error)
{
    public JsonElement Required() => Error is null ? Result : throw Error;
}
