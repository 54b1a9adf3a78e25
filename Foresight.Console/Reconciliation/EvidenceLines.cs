using System.Text.Json;

namespace Foresight.Console.Reconciliation;

/// <summary>Names and values of evidence in JSON, nested ones by a dotted name.</summary>
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
            // Evidence is shown whatever its form; text that is not JSON is shown as it is.
            return [("text", json)];
        }
    }

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
