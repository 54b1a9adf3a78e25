using System.Text;

namespace Foresight.ServiceDefaults.Export;

/// <summary>
/// RFC 4180 for spreadsheets. Texts come from the chain and from people, and a spreadsheet executes cells that look like formulas, so such
/// a cell is prefixed with an apostrophe. A cell that begins with an apostrophe gets one too, so that removing one always restores the
/// original.
/// </summary>
public static class CsvText
{
    public const string ContentType = "text/csv; charset=utf-8";

    public static StringBuilder AppendCsvLine(this StringBuilder text, IEnumerable<string> cells) =>
        text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");

    public static string Cell(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '\'')
            text = "'" + text;
        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"")}\"" : text;
    }
}
