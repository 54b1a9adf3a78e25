using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foresight.Bench.Enemy;

/// <summary>
/// Like an attacker who knows the form but no key. The bytes before the JSON stay as they were, because that is where a seal is; changed
/// digits and bytes leave every length as it was.
/// </summary>
internal static class Mutation
{
    public const long FarEpoch = 1L << 52;

    public static byte[] Of(ReadOnlySpan<byte> captured, Random random, string address)
    {
        var start = captured.IndexOf("{\""u8);
        return random.Next(4) switch
        {
            0 => Bytes(captured, random),
            1 => Digits(captured, random),
            _ when start >= 0 && Json(captured[start..], random, address) is { } changed => [.. captured[..start], .. changed],
            _ => Bytes(captured, random),
        };
    }

    private static byte[] Bytes(ReadOnlySpan<byte> captured, Random random)
    {
        var changed = captured.ToArray();
        for (var i = 0; i <= random.Next(4) && changed.Length > 0; i++)
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
        return changed;
    }

    private static byte[] Digits(ReadOnlySpan<byte> captured, Random random)
    {
        var changed = captured.ToArray();
        var places = Enumerable.Range(0, changed.Length).Where(i => changed[i] is >= (byte)'0' and <= (byte)'9').ToList();
        if (places.Count > 0)
            changed[places[random.Next(places.Count)]] = (byte)('0' + random.Next(10));
        return changed;
    }

    private static byte[]? Json(ReadOnlySpan<byte> json, Random random, string address)
    {
        JsonNode? root;
        try
        {
            var reader = new Utf8JsonReader(json);
            root = JsonNode.Parse(ref reader);
        }
        catch (JsonException)
        {
            return null;
        }

        var members = new List<(JsonNode Parent, string? Name, int Index)>();
        Collect(root, members);
        if (members.Count == 0)
            return null;
        var (parent, name, index) = members[random.Next(members.Count)];
        var old = name is not null ? parent[name] : parent[index];
        var value = Other(old as JsonValue, random, address);
        if (name is not null)
            parent[name] = value;
        else
            parent[index] = value;
        return JsonSerializer.SerializeToUtf8Bytes(root, JsonSerializerOptions.Web);
    }

    private static void Collect(JsonNode? node, List<(JsonNode Parent, string? Name, int Index)> into)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var (name, value) in members)
                    Add(members, name, 0, value);
                break;
            case JsonArray items:
                for (var i = 0; i < items.Count; i++)
                    Add(items, null, i, items[i]);
                break;
        }

        void Add(JsonNode parent, string? name, int index, JsonNode? value)
        {
            if (value is JsonObject or JsonArray)
                Collect(value, into);
            else
                into.Add((parent, name, index));
        }
    }

    private static JsonNode? Other(JsonValue? old, Random random, string address) =>
        old?.GetValueKind() switch
        {
            JsonValueKind.Number => JsonValue.Create(
                random.Next(4) switch
                {
                    0 => FarEpoch,
                    1 => 0,
                    2 => -1,
                    _ => old.TryGetValue<long>(out var number) ? number + random.Next(1, 3) : 1,
                }
            ),
            JsonValueKind.True or JsonValueKind.False => JsonValue.Create(!old.GetValue<bool>()),
            JsonValueKind.String => JsonValue.Create(OtherText(old.GetValue<string>(), random, address)),
            _ => JsonValue.Create(1),
        };

    private static string OtherText(string old, Random random, string address)
    {
        if (old.StartsWith("http", StringComparison.Ordinal))
            return address;
        if (Guid.TryParse(old, out _))
            return Guid.NewGuid().ToString();
        if (DateTimeOffset.TryParse(old, out var at))
            return at.AddHours(random.Next(-1, 2)).ToString("O");
        if (decimal.TryParse(old, out _))
            return "0.99";
        return random.Next(3) switch
        {
            0 => "",
            1 => old + "x",
            _ => "enemy",
        };
    }
}
