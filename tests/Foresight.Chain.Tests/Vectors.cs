using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Tests;

/// <summary>
/// Results of an independent wallet library, so that our code is not tested against itself. vectors/make.mjs writes the file.
/// </summary>
internal static class Vectors
{
    private static readonly JsonElement Root = Load();

    public static IReadOnlyList<JsonElement> List(params string[] path) => [.. At(path).EnumerateArray()];

    public static JsonElement At(params string[] path) => path.Aggregate(Root, (json, name) => json.GetProperty(name));

    public static string Text(this JsonElement json, string name) => json.GetProperty(name).GetString()!;

    public static byte[] Bytes(this JsonElement json, string name) => Hex.Decode(json.Text(name));

    public static BigInteger Integer(this JsonElement json, string name) => BigInteger.Parse(json.Text(name), CultureInfo.InvariantCulture);

    public static TypedDataDomain Domain(this JsonElement json) =>
        new(json.Text("name"), json.Text("version"), json.Integer("chainId"), Address.Parse(json.Text("verifyingContract")));

    public static OrderMessage Order(this JsonElement json) =>
        new(
            Address.Parse(json.Text("maker")),
            json.Integer("outcomeIndex"),
            json.GetProperty("isBuy").GetBoolean(),
            json.Integer("price"),
            json.Integer("amount"),
            json.Integer("salt"),
            json.Integer("expiry")
        );

    public static object Value(string type, JsonElement json) =>
        type switch
        {
            "address" => Address.Parse(json.GetString()!),
            "bool" => json.GetBoolean(),
            "string" => json.GetString()!,
            "bytes32" => Hash32.Parse(json.GetString()!),
            "bytes" => Hex.Decode(json.GetString()!),
            _ when type.EndsWith("[]", StringComparison.Ordinal) => json.EnumerateArray().Select(v => Value(type[..^2], v)).ToArray(),
            _ => BigInteger.Parse(json.GetString()!, CultureInfo.InvariantCulture),
        };

    private static JsonElement Load()
    {
        using var stream = typeof(Vectors).Assembly.GetManifestResourceStream("vectors.json")!;
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
