using System.Globalization;
using System.Text;
using System.Text.Json;
using Foresight.Protocol;

namespace Foresight.Api.Operations;

/// <summary>
/// Exports discrepancies as JSON or CSV with the same content. CSV is RFC 4180 in UTF-8 with a header. Texts come from the chain and from
/// people, and a spreadsheet executes cells that look like formulas, so such a cell is prefixed with an apostrophe. A cell that begins with
/// an apostrophe gets one too, so that removing one always restores the original.
/// </summary>
public static class DiscrepancyExport
{
    private static readonly (string Name, Func<DiscrepancyView, object?> Of)[] Columns =
    [
        ("id", d => d.Id),
        ("key", d => d.Key),
        ("kind", d => d.Kind),
        ("severity", d => d.Severity),
        ("state", d => d.State),
        ("marketId", d => d.MarketId),
        ("tradeId", d => d.TradeId),
        ("transactionHash", d => d.TransactionHash),
        ("blockNumber", d => d.BlockNumber),
        ("amount", d => d.Amount),
        ("assignee", d => d.Assignee),
        ("summary", d => d.Summary),
        ("firstSeenAt", d => d.FirstSeenAt),
        ("lastSeenAt", d => d.LastSeenAt),
        ("absentSince", d => d.AbsentSince),
        ("ignoredUntil", d => d.IgnoredUntil),
        ("note", d => d.Note),
        ("changedBy", d => d.ChangedBy),
        ("changedAt", d => d.ChangedAt),
        ("onChain", d => d.OnChain),
        ("offChain", d => d.OffChain),
    ];

    public static string? ContentTypeOf(string format) =>
        format switch
        {
            "csv" => "text/csv; charset=utf-8",
            "json" => "application/json",
            _ => null,
        };

    public static byte[] Csv(IEnumerable<DiscrepancyView> rows)
    {
        var text = new StringBuilder();
        text.AppendJoin(',', Columns.Select(column => column.Name)).Append("\r\n");
        foreach (var row in rows)
            text.AppendJoin(',', Columns.Select(column => Cell(Text(column.Of(row))))).Append("\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public static byte[] Json(IEnumerable<DiscrepancyView> rows) =>
        JsonSerializer.SerializeToUtf8Bytes(
            rows.Select(row => Columns.ToDictionary(column => column.Name, column => column.Of(row))),
            JsonSerializerOptions.Web
        );

    public static string Cell(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '\'')
            text = "'" + text;
        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"")}\"" : text;
    }

    private static string Text(object? value) =>
        value switch
        {
            null => "",
            DateTimeOffset at => JsonSerializer.Serialize(at).Trim('"'),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString()!,
        };
}
