using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foresight.Chain.Rpc;

/// <summary>A value that does not fit fails the read. There are no defaults, because a default could pass for a balance of zero.</summary>
internal static class ChainJson
{
    public static T Read<T>(string method, JsonElement json, Func<JsonElement, T> read)
    {
        try
        {
            return read(json);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or KeyNotFoundException or OverflowException)
        {
            throw new RpcUnavailableException(method, $"the answer has an unexpected shape: {e.Message}", e);
        }
    }

    public static T? ReadOrNull<T>(string method, JsonElement json, Func<JsonElement, T> read)
        where T : class => json.ValueKind == JsonValueKind.Null ? null : Read(method, json, read);

    public static BigInteger Quantity(JsonElement json) => Hex.DecodeQuantity(Text(json));

    public static long Number(JsonElement json) => (long)Quantity(json);

    public static byte[] Bytes(JsonElement json) => Hex.Decode(Text(json));

    public static Hash32 Hash(JsonElement json) => Hash32.Parse(Text(json));

    public static BlockHeader Block(JsonElement json) =>
        new(
            Number(json.GetProperty("number")),
            Hash(json.GetProperty("hash")),
            Hash(json.GetProperty("parentHash")),
            Number(json.GetProperty("timestamp")),
            json.TryGetProperty("baseFeePerGas", out var fee) && fee.ValueKind == JsonValueKind.String ? Quantity(fee) : BigInteger.Zero,
            Number(json.GetProperty("gasUsed")),
            Number(json.GetProperty("gasLimit")),
            json.TryGetProperty("logsBloom", out var bloom) && bloom.ValueKind == JsonValueKind.String ? Bytes(bloom) : null
        );

    public static EventLog[] Logs(JsonElement json) => [.. json.EnumerateArray().Select(Log)];

    public static EventLog Log(JsonElement json) =>
        new(
            AddressOf(json.GetProperty("address")),
            [.. json.GetProperty("topics").EnumerateArray().Select(Hash)],
            Bytes(json.GetProperty("data")),
            Number(json.GetProperty("blockNumber")),
            Hash(json.GetProperty("blockHash")),
            Hash(json.GetProperty("transactionHash")),
            (int)Number(json.GetProperty("transactionIndex")),
            (int)Number(json.GetProperty("logIndex")),
            json.TryGetProperty("removed", out var removed) && removed.ValueKind == JsonValueKind.True
        );

    public static TransactionReceipt Receipt(JsonElement json) =>
        new(
            Hash(json.GetProperty("transactionHash")),
            (int)Number(json.GetProperty("transactionIndex")),
            Number(json.GetProperty("status")) == 1,
            Number(json.GetProperty("blockNumber")),
            Hash(json.GetProperty("blockHash")),
            AddressOf(json.GetProperty("from")),
            OptionalAddress(json, "to"),
            OptionalAddress(json, "contractAddress"),
            Number(json.GetProperty("gasUsed")),
            Logs(json.GetProperty("logs"))
        );

    public static ChainTransaction Transaction(JsonElement json) =>
        new(
            Hash(json.GetProperty("hash")),
            AddressOf(json.GetProperty("from")),
            OptionalAddress(json, "to"),
            Bytes(json.GetProperty("input")),
            json.TryGetProperty("blockNumber", out var block) && block.ValueKind == JsonValueKind.String ? Number(block) : null
        );

    public static JsonObject Call(CallRequest call)
    {
        var json = new JsonObject { ["to"] = call.To.ToLowerHex(), ["data"] = Hex.Encode(call.Data) };
        if (call.From is { } from)
            json["from"] = from.ToLowerHex();
        if (call.Gas is { } gas)
            json["gas"] = Hex.EncodeQuantity(gas);
        if (call.Value is { } value)
            json["value"] = Hex.EncodeQuantity(value);
        return json;
    }

    public static JsonObject Filter(LogFilter filter)
    {
        var json = new JsonObject();
        if (filter.BlockHash is { } hash)
        {
            json["blockHash"] = hash.ToString();
        }
        else
        {
            json["fromBlock"] = Hex.EncodeQuantity(filter.FromBlock);
            json["toBlock"] = Hex.EncodeQuantity(filter.ToBlock);
        }

        if (filter.Addresses.Count > 0)
            json["address"] = new JsonArray([.. filter.Addresses.Select(a => (JsonNode)a.ToLowerHex())]);
        if (filter.Topics.Count > 0)
        {
            json["topics"] = new JsonArray([
                .. filter.Topics.Select(any =>
                    any.Count == 0 ? null : (JsonNode)new JsonArray([.. any.Select(t => (JsonNode)t.ToString())])
                ),
            ]);
        }

        return json;
    }

    private static Address AddressOf(JsonElement json) => Address.Parse(Text(json));

    private static Address? OptionalAddress(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? AddressOf(value) : null;

    private static string Text(JsonElement json) => json.GetString() ?? throw new FormatException("a value is null");
}
