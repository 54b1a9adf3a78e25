using System.Globalization;
using System.Text.Json;
using Foresight.Console.Shell;

namespace Foresight.Console.Reconciliation;

public static class EvidenceLines
{
    public static IReadOnlyList<(string Name, string Value)> Of(string? json)
    {
        if (json is null)
            return [];
        try
        {
            using var document = JsonDocument.Parse(json);
            return [.. Flatten("", document.RootElement)];
        }
        catch (JsonException)
        {
            // Evidence that is not JSON is shown verbatim, because a person must judge what there is.
            return [("text", json)];
        }
    }

    /// <returns>Address of the page of what a line names, by the last part of the line's name; null if it has none.</returns>
    public static string? PageOf(string name, string value) =>
        name[(name.LastIndexOf('.') + 1)..] switch
        {
            "transactionHash" => Pages.Transaction(value),
            "orderHash" => Pages.Order(value),
            "maker" => Pages.Account(value),
            "tradeId" when long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var id) => Pages.Trade(id),
            _ => null,
        };

    /// <summary>Hashes and addresses, which one copies; not a signature or the data of a log.</summary>
    public static bool IsIdentifier(string value) =>
        value is { Length: 42 or 66 } && value.StartsWith("0x", StringComparison.Ordinal) && value[2..].All(char.IsAsciiHexDigit);

    private static IEnumerable<(string Name, string Value)> Flatten(string name, JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Object => element
                .EnumerateObject()
                .SelectMany(member => Flatten(name.Length == 0 ? member.Name : $"{name}.{member.Name}", member.Value)),
            JsonValueKind.Array => element.EnumerateArray().SelectMany((item, i) => Flatten($"{name}[{i}]", item)),
            JsonValueKind.Null => [],
            JsonValueKind.True or JsonValueKind.False => [(name, element.GetRawText())],
            _ => [(name, element.ToString())],
        };
}
