using System.Text;
using System.Text.Json;
using Foresight.Api.Operations;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Export;

namespace Foresight.Api.Tests.Operations;

public sealed class DiscrepancyExportTests
{
    private static readonly DiscrepancyView Plain = new(
        7,
        "amount_mismatch:5",
        "amount_mismatch",
        "high",
        "open",
        MarketId: 2,
        TradeId: -5,
        TransactionHash: null,
        BlockNumber: 1_234_567,
        "A summary.",
        OnChain: """{"amount": "1"}""",
        OffChain: null,
        new DateTimeOffset(2026, 5, 4, 12, 0, 0, 120, TimeSpan.Zero),
        new DateTimeOffset(2026, 5, 4, 14, 0, 0, TimeSpan.FromHours(2)),
        Note: null,
        ChangedBy: null,
        ChangedAt: null,
        Amount: "0.5"
    );

    [Fact]
    public void Csv_HasOneLineForEach_WithNumbersAndTimesThatAnyLocaleReads()
    {
        var lines = Encoding.UTF8.GetString(DiscrepancyExport.Csv([Plain, Plain with { Id = 8, Summary = "Łódź" }])).Split("\r\n");
        Assert.Equal(
            "id,key,kind,severity,state,marketId,tradeId,transactionHash,blockNumber,amount,assignee,summary,firstSeenAt,lastSeenAt,"
                + "absentSince,ignoredUntil,note,changedBy,changedAt,onChain,offChain",
            lines[0]
        );
        Assert.Equal(
            "7,amount_mismatch:5,amount_mismatch,high,open,2,'-5,,1234567,0.5,,A summary.,2026-05-04T12:00:00.12+00:00,"
                + "2026-05-04T14:00:00+02:00,,,,,,\"{\"\"amount\"\": \"\"1\"\"}\",",
            lines[1]
        );
        Assert.StartsWith("8,", lines[2]);
        Assert.Contains(",Łódź,", lines[2]);
        Assert.Equal(["", 4], new object[] { lines[3], lines.Length });
    }

    [Fact]
    public void WithoutDiscrepancies_CsvIsItsHeader_AndJsonAnEmptyList()
    {
        Assert.Equal(["id", ""], Encoding.UTF8.GetString(DiscrepancyExport.Csv([])).Split("\r\n").Select(line => line.Split(',')[0]));
        Assert.Equal("[]", Encoding.UTF8.GetString(DiscrepancyExport.Json([])));
    }

    [Fact]
    public void Json_KeepsTypes_AndNamesEveryColumnAlsoOfMissingValues()
    {
        using var json = JsonDocument.Parse(DiscrepancyExport.Json([Plain]));
        var row = json.RootElement[0];
        Assert.Equal(-5, row.GetProperty("tradeId").GetInt64());
        Assert.Equal("0.5", row.GetProperty("amount").GetString());
        Assert.Equal(JsonValueKind.Null, row.GetProperty("note").ValueKind);
        Assert.Equal(21, row.EnumerateObject().Count());
    }

    [Theory]
    [InlineData("\nx")]
    [InlineData("\rx")]
    [InlineData("=cmd|' /C calc'!A0")]
    [InlineData("''")]
    [InlineData("a\"b,c\r\nd")]
    [InlineData(" =1")]
    public void ACell_GivesItsTextBack_WhenOneApostropheIsTakenOff(string text)
    {
        var cell = CsvText.Cell(text);
        var unquoted = cell.StartsWith('"') ? cell[1..^1].Replace("\"\"", "\"") : cell;
        Assert.Equal(text, unquoted.StartsWith('\'') ? unquoted[1..] : unquoted);
        Assert.DoesNotContain(unquoted[0], "=+-@\t\r\n");
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("0", "0")]
    [InlineData("1", "0.000000000000000001")]
    [InlineData("1000000000000000000", "1")]
    [InlineData("1500000000000000000", "1.5")]
    [InlineData("123456789012345678901234567890", "123456789012.34567890123456789")]
    [InlineData(
        "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        "115792089237316195423570985008687907853269984665640564039457.584007913129639935"
    )]
    public void ASignersBalance_IsExact(string? wei, string? ether) => Assert.Equal(ether, SettlementReader.EtherOf(wei));
}
