using Foresight.Api.Markets;
using Foresight.Api.Operations;
using Foresight.Api.Operations.Details;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http;

namespace Foresight.Api.Tests.Reading;

public sealed class ParametersTests
{
    [Theory]
    [InlineData(null, null, null)]
    [InlineData(1, "0", null)]
    [InlineData(ApiLimits.MaxPageSize, "9223372036854775807", null)]
    [InlineData(0, null, "limit must be from 1 to 500.")]
    [InlineData(-1, null, "limit must be from 1 to 500.")]
    [InlineData(ApiLimits.MaxPageSize + 1, null, "limit must be from 1 to 500.")]
    [InlineData(null, "", "cursor must be the next of a page before.")]
    [InlineData(null, "-1", "cursor must be the next of a page before.")]
    [InlineData(null, "+1", "cursor must be the next of a page before.")]
    [InlineData(null, " 1", "cursor must be the next of a page before.")]
    [InlineData(null, "1,000", "cursor must be the next of a page before.")]
    [InlineData(null, "٣", "cursor must be the next of a page before.")]
    [InlineData(null, "9223372036854775808", "cursor must be the next of a page before.")]
    public void APage_IsCheckedBeforeItIsRead(int? limit, string? cursor, string? refusal) =>
        Assert.Equal(refusal, RefusalOf(new PageParameters(limit, cursor)));

    [Theory]
    [InlineData("5-7", null)]
    [InlineData("0-0", null)]
    [InlineData("9223372036854775807-9223372036854775807", null)]
    [InlineData("", "cursor must be the next of a page before.")]
    [InlineData("5", "cursor must be the next of a page before.")]
    [InlineData("-", "cursor must be the next of a page before.")]
    [InlineData("5-", "cursor must be the next of a page before.")]
    [InlineData("-5", "cursor must be the next of a page before.")]
    [InlineData("5--7", "cursor must be the next of a page before.")]
    [InlineData("5-7-9", "cursor must be the next of a page before.")]
    [InlineData("9223372036854775808-1", "cursor must be the next of a page before.")]
    public void ACursorOfRanges_NamesARunAndABlock(string cursor, string? refusal) =>
        Assert.Equal(refusal, RefusalOf(new CoveragePageParameters(Cursor: cursor)));

    [Fact]
    public void ACursorOfRanges_IsReadAsItWasWritten()
    {
        Assert.Equal((5, 7), new CoveragePageParameters(Cursor: "5-7").Before);
        Assert.Equal((long.MaxValue, long.MaxValue), new CoveragePageParameters().Before);
        Assert.Equal("limit must be from 1 to 500.", RefusalOf(new CoveragePageParameters(Limit: 501, Cursor: "5-7")));
    }

    [Theory]
    [InlineData(0, 3, 0, null)]
    [InlineData(3, 3, 3, null)]
    [InlineData(4, 3, 3, "8")]
    [InlineData(2, 1, 1, "10")]
    public void Cut_TakesOffTheRowThatOnlyShowsThatThereAreMore(int read, int size, int kept, string? next)
    {
        var (rows, cursor) = PageParameters.Cut([.. Enumerable.Range(0, read).Select(i => 10L - i)], size, key => key);
        Assert.Equal(Enumerable.Range(0, kept).Select(i => 10L - i), rows);
        Assert.Equal(next, cursor);
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(1_000, null)]
    [InlineData(0, "levels must be from 1 to 1000.")]
    [InlineData(1_001, "levels must be from 1 to 1000.")]
    public void Depth_HasABoundOfLevels(int levels, string? refusal) =>
        Assert.Equal(refusal, RefusalOf(new DepthParameters(Levels: levels)));

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("0x1111111111111111111111111111111111111111", "mined", null)]
    [InlineData(null, "unsettled", null)]
    [InlineData(null, "Mined", "settlement must be unsettled, matched, batched, broadcast, mined, final, failed.")]
    [InlineData(null, "", "settlement must be unsettled, matched, batched, broadcast, mined, final, failed.")]
    public void Trades_AreFilteredByAStateThatExists(string? account, string? settlement, string? refusal) =>
        Assert.Equal(refusal, RefusalOf(new TradeParameters(Account: account, Settlement: settlement)));

    [Theory]
    [InlineData(null, "unreported", null)]
    [InlineData("failed", "insufficient_balance", null)]
    [InlineData("mined", "left_out", "reason belongs to the settlement failed.")]
    [InlineData("unsettled", "left_out", "reason belongs to the settlement failed.")]
    [InlineData(null, "", "reason must have 1 to 64 small letters or underscores.")]
    [InlineData(null, "Unreported", "reason must have 1 to 64 small letters or underscores.")]
    [InlineData(null, "unreported:0x11", "reason must have 1 to 64 small letters or underscores.")]
    [InlineData(
        null,
        "a2345678901234567890123456789012345678901234567890123456789012345",
        "reason must have 1 to 64 small letters or underscores."
    )]
    public void FailedTrades_AreFilteredByAReason(string? settlement, string reason, string? refusal) =>
        Assert.Equal(refusal, RefusalOf(new TradeParameters(Settlement: settlement, Reason: reason)));

    private const string TradeSortsAre =
        "sort must be one of -tradeId, tradeId, -executedAt, executedAt, marketId, -marketId, -blockNumber, blockNumber.";

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("-tradeId", "7", null)]
    [InlineData("tradeId", "7", null)]
    [InlineData("-blockNumber", "5-7", null)]
    [InlineData("blockNumber", null, null)]
    [InlineData("marketId", "5-7", null)]
    [InlineData("-executedAt", "0-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15", null)]
    [InlineData("price", null, TradeSortsAre)]
    [InlineData("--tradeId", null, TradeSortsAre)]
    [InlineData("", null, TradeSortsAre)]
    // The cursor of one order is no place in another.
    [InlineData("-tradeId", "5-7", "cursor must be the next of a page before.")]
    [InlineData("-blockNumber", "7", "cursor must be the next of a page before.")]
    [InlineData("marketId", "5-7-9", "cursor must be the next of a page before.")]
    [InlineData("executedAt", "5-7", "cursor must be the next of a page before.")]
    [InlineData("executedAt", "0-1-2-3-4-5-6-7-8-9-10-11-12-13-14-x", "cursor must be the next of a page before.")]
    [InlineData("executedAt", "0-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", "cursor must be the next of a page before.")]
    public void Trades_AreSortedByWhatHasAnIndex(string? sort, string? cursor, string? refusal) =>
        Assert.Equal(refusal, RefusalOf(new TradePageParameters(Cursor: cursor, Sort: sort)));

    [Theory]
    [InlineData(null, null, null, null)]
    [InlineData("-id", "7", null, null)]
    [InlineData("-took", null, SortedLists.Rows, null)]
    [InlineData(
        "price",
        null,
        null,
        "sort must be one of id, state, nonce, marketId, trades, blockNumber, gasUsed, maxFeeWei, createdAt, took, with a - before it for "
            + "descending."
    )]
    [InlineData("--id", null, null, "sort must be one of id, state,")]
    [InlineData("nonce", null, SortedLists.Rows + 1, "offset must be from 0 to 10000.")]
    [InlineData("nonce", null, -1, "offset must be from 0 to 10000.")]
    [InlineData("nonce", "7", null, "cursor must be the next of a page before, with sort -id and without offset.")]
    [InlineData(null, "7", 50, "cursor must be the next of a page before, with sort -id and without offset.")]
    [InlineData(null, "7-8", null, "cursor must be the next of a page before, with sort -id and without offset.")]
    public void Transactions_AreSortedByTheirColumns(string? sort, string? cursor, int? offset, string? refusal) =>
        Refuses(refusal, new BatchPageParameters(Cursor: cursor, Sort: sort, Offset: offset));

    [Theory]
    [InlineData(null, null, null, null)]
    [InlineData("-failedAt", "7-1-00000000000000000000000000000001", null, null)]
    [InlineData("reason", null, 50, null)]
    [InlineData("command", null, null, "sort must be one of failedAt, kind, reason, shard, epoch, quarantinedUntil,")]
    [InlineData("kind", "7-1-00000000000000000000000000000001", null, "cursor must be the next of a page before, with sort -failedAt")]
    [InlineData(null, "7", null, "cursor must be the next of a page before, with sort -failedAt")]
    public void FailedCommands_AreSortedByTheirColumns(string? sort, string? cursor, int? offset, string? refusal) =>
        Refuses(refusal, new FailedCommandPageParameters(Cursor: cursor, Sort: sort, Offset: offset));

    [Theory]
    [InlineData(null, null, null, null)]
    [InlineData("Place", 15, "book", null)]
    [InlineData("unknown", 0, null, null)]
    [InlineData("place", null, null, "kind must be one of Place, CancelBySalt,")]
    [InlineData(null, 16, null, "shard must be from 0 to 15.")]
    [InlineData(null, -1, null, "shard must be from 0 to 15.")]
    [InlineData(null, null, "a\0b", "text must have at most 100 characters, and no control characters.")]
    public void FailedCommands_AreFilteredByWhatTheyHave(string? kind, int? shard, string? text, string? refusal) =>
        Refuses(refusal, new FailedCommandParameters(kind, shard, text));

    [Theory]
    [InlineData("paused", "rain", null)]
    [InlineData("Paused", null, "state must be one of open, paused, closed, resolved.")]
    [InlineData("", null, "state must be one of open, paused, closed, resolved.")]
    [InlineData(null, "a\nb", "text must have at most 100 characters, and no control characters.")]
    public void Markets_AreFilteredByStateAndText(string? state, string? text, string? refusal) =>
        Refuses(refusal, new MarketParameters(state, text));

    [Theory]
    [InlineData(null, null, null, true)]
    [InlineData("-id", "7", null, true)]
    [InlineData("urgency", null, 500, true)]
    [InlineData("-urgency", null, null, true)]
    [InlineData("-amount", null, DiscrepancyPageParameters.MaxOffset, true)]
    [InlineData("summary", null, null, false)]
    [InlineData("--amount", null, null, false)]
    [InlineData("Amount", null, null, false)]
    [InlineData("", null, null, false)]
    [InlineData("amount", "7", null, false)]
    [InlineData("id", "7", null, false)]
    [InlineData(null, "7", 0, false)]
    [InlineData(null, "x", null, false)]
    [InlineData(null, null, -1, false)]
    [InlineData(null, null, DiscrepancyPageParameters.MaxOffset + 1, false)]
    public void Discrepancies_AreSortedByName_AndPagedByCursorOrByOffset(string? sort, string? cursor, int? offset, bool isTaken) =>
        Assert.Equal(isTaken, RefusalOf(new DiscrepancyPageParameters(Cursor: cursor, Sort: sort, Offset: offset)) is null);

    [Theory]
    [InlineData("live", null, true)]
    [InlineData("reopened", "24h+", true)]
    [InlineData("Open", null, false)]
    [InlineData("undecided", null, false)]
    // A plus that was not percent-encoded arrives as a space.
    [InlineData(null, "24h ", false)]
    public void Discrepancies_AreFilteredByAStateAndAnAgeThatExist(string? state, string? age, bool isTaken) =>
        Assert.Equal(isTaken, RefusalOf(new DiscrepancyParameters(State: state, Age: age)) is null);

    [Theory]
    [InlineData("csv", null, "text/csv; charset=utf-8")]
    [InlineData("json", null, "application/json")]
    [InlineData("CSV", "format must be csv or json.", null)]
    [InlineData("", "format must be csv or json.", null)]
    [InlineData("xml", "format must be csv or json.", null)]
    public void AnExport_IsCsvOrJson(string format, string? refusal, string? contentType)
    {
        Assert.Equal(refusal, RefusalOf(new ExportParameters(format)));
        Assert.Equal(contentType, DiscrepancyExport.ContentTypeOf(format));
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("", null, true)]
    [InlineData("0/16B3748", 0x16B3748UL, true)]
    [InlineData("1/0", 0x1_0000_0000UL, true)]
    [InlineData("16B3748", null, false)]
    [InlineData("0/", null, false)]
    [InlineData("0/16B3748,0/1", null, false)]
    public async Task APosition_IsReadFromItsHeader_OrRefused(string? header, ulong? position, bool isTaken)
    {
        var read = (await ReadAfter.BindAsync(With(ApiHeaders.Lsn, header)))!;
        Assert.Equal(position, read.Position is { } at ? (ulong)at : null);
        Assert.Equal(isTaken, read.Problem is null);
    }

    [Theory]
    [InlineData(null, 4_500, true)]
    [InlineData("", 4_500, true)]
    [InlineData("1", 1, true)]
    [InlineData("60000", 60_000, true)]
    [InlineData("60001", 0, false)]
    [InlineData("0", 0, false)]
    [InlineData("1.5", 0, false)]
    [InlineData("1e3", 0, false)]
    [InlineData("+5", 0, false)]
    [InlineData("99999999999", 0, false)]
    public async Task ADeadline_IsReadFromItsHeader_OrRefused(string? header, int milliseconds, bool isTaken)
    {
        var read = (await RequestDeadline.BindAsync(With(ApiHeaders.Deadline, header)))!;
        Assert.Equal(isTaken, read.Problem is null);
        if (isTaken)
            Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), read.Wait);
    }

    /// <summary>The intended one of the two cannot be known, and to ignore both would break the promise that the header asks for.</summary>
    [Fact]
    public async Task AHeaderThatComesTwice_IsRefused()
    {
        var http = new DefaultHttpContext();
        http.Request.Headers[ApiHeaders.Lsn] = new(["0/1", "0/2"]);
        http.Request.Headers[ApiHeaders.Deadline] = new(["100", "200"]);
        Assert.NotNull((await ReadAfter.BindAsync(http))!.Problem);
        Assert.NotNull((await RequestDeadline.BindAsync(http))!.Problem);
    }

    /// <param name="refusal">How it begins; null: it is right.</param>
    private static void Refuses(string? refusal, ICheckedParameters parameters)
    {
        var actual = RefusalOf(parameters);
        if (refusal is null)
            Assert.Null(actual);
        else
            Assert.StartsWith(refusal, actual, StringComparison.Ordinal);
    }

    private static string? RefusalOf(ICheckedParameters parameters)
    {
        var problem = parameters.Problem;
        Assert.Equal(problem is null ? null : ProblemCodes.MalformedRequest, problem?.Code);
        return problem?.Detail;
    }

    private static DefaultHttpContext With(string header, string? value)
    {
        var http = new DefaultHttpContext();
        if (value is not null)
            http.Request.Headers[header] = value;
        return http;
    }
}
