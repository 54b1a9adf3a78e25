using System.Globalization;
using System.Text;
using System.Text.Json;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Export;

namespace Foresight.Api.Operations;

/// <summary>CSV is in UTF-8 with a header; see <see cref="CsvText"/>.</summary>
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
            "csv" => CsvText.ContentType,
            "json" => "application/json",
            _ => null,
        };

    public static byte[] Csv(IEnumerable<DiscrepancyView> rows)
    {
        var text = new StringBuilder();
        text.AppendCsvLine(Columns.Select(column => column.Name));
        foreach (var row in rows)
            text.AppendCsvLine(Columns.Select(column => Text(column.Of(row))));
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public static byte[] Json(IEnumerable<DiscrepancyView> rows) =>
        JsonSerializer.SerializeToUtf8Bytes(
            rows.Select(row => Columns.ToDictionary(column => column.Name, column => column.Of(row))),
            JsonSerializerOptions.Web
        );

    private static string Text(object? value) =>
        value switch
        {
            null => "",
            DateTimeOffset at => JsonSerializer.Serialize(at).Trim('"'),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString()!,
        };
}
