using System.Text.Json;

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
            // Evidence that is not JSON is shown verbatim rather than hidden.
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
