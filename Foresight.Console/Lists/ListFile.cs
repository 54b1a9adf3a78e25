using System.Globalization;
using System.Text;
using System.Text.Json;
using Foresight.ServiceDefaults.Export;

namespace Foresight.Console.Lists;

/// <summary>The rows of a list as a file. Members are those of the API's records, by their names there.</summary>
/// <param name="IsCut">There are more rows than a file may have.</param>
public sealed record ListFile(IReadOnlyList<string> Columns, IReadOnlyList<JsonElement> Rows, bool IsCut)
{
    public static ListFile Of<T>(IEnumerable<T> rows, int mostRows)
    {
        var read = rows.Take(mostRows + 1).ToList();
        return new ListFile(
            [.. JsonSerializerOptions.Web.GetTypeInfo(typeof(T)).Properties.Select(property => property.Name)],
            [.. read.Take(mostRows).Select(row => JsonSerializer.SerializeToElement(row, JsonSerializerOptions.Web))],
            read.Count > mostRows
        );
    }

    /// <summary>A file that lacks rows has their number in its name, where it is seen without opening it.</summary>
    public string NameOf(string list, string format, DateTimeOffset now) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{list}{(IsCut ? $"-first-{Rows.Count}" : "")}-{now.UtcDateTime:yyyyMMdd-HHmmss}.{format}"
        );

    public byte[] Csv()
    {
        var text = new StringBuilder().AppendCsvLine(Columns);
        foreach (var row in Rows)
            text.AppendCsvLine(Columns.Select(column => row.TryGetProperty(column, out var value) ? Text(value) : ""));
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public byte[] Json() => JsonSerializer.SerializeToUtf8Bytes(Rows, JsonSerializerOptions.Web);

    private static string Text(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.Undefined => "",
            JsonValueKind.String => value.GetString()!,
            _ => value.GetRawText(),
        };
}
