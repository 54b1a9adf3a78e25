using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Markets;

[Collection(ApiStackCollection.Name)]
public sealed class TradeRoutesTests(ApiStack stack) : IAsyncLifetime
{
    private const long First = 8_200_000;
    private const long InShardThree = (3L << 48) + First;
    private const int Account = 820_000;

    private static readonly Address Maker = PrivateKey.OfPhrase("maker of the trades' tests").Address;
    private static readonly Address Taker = PrivateKey.OfPhrase("taker of the trades' tests").Address;

    /// <summary>
    /// The maker is on both sides of the second trade, and in none of the last, so that a join would show in the results.
    /// </summary>
    public async Task InitializeAsync() =>
        await stack.ExecuteAsync(
            $"""
            INSERT INTO accounts (account_id, address) VALUES
                ({Account}, '\x{Maker.ToLowerHex()[2..]}'), ({Account + 1}, '\x{Taker.ToLowerHex()[2..]}');
            INSERT INTO orders (order_hash, order_id, market_id, account_id, outcome, is_buy, price_ticks, quantity_lots, time_in_force,
                post_only, stp, salt, salt_tag, expiry, signature, status, shard, sequence, epoch, accepted_at, updated_sequence,
                updated_at)
            SELECT sha256(n::text::bytea), {First} + n, 1, {Account} + n, 0, n = 1, 5000, 1000, 0, false, 0, n, n, 0, '', 2, 0, 1, 1,
                now(), 1, now() FROM generate_series(0, 1) n;
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, settlement, settlement_reason, tx_hash, block_number, closed)
            SELECT {First} + n, 1, (n - 1) % 3, 125 * n, n % 2, n % 2 = 0, 5000 + n, 0, 1, 9,
                '2026-01-01Z'::timestamptz + n * interval '1 s',
                (ARRAY['matched', 'batched', 'broadcast', 'mined', 'final', 'failed'])[n], CASE WHEN n = 6 THEN 'allowance' END,
                CASE WHEN n BETWEEN 4 AND 5 THEN sha256('tx') END, CASE WHEN n BETWEEN 4 AND 5 THEN 70 + n END, true
            FROM generate_series(1, 6) n;
            INSERT INTO fills (trade_id, leg, order_id, account_id, outcome, is_buy, price_ticks, quantity_lots, is_taker)
            SELECT {First} + n, leg, {First} + leg, {Account} + CASE WHEN n = 2 THEN 0 ELSE leg END, 0, leg = 1, 5000, 1, leg = 1
            FROM generate_series(1, 5) n, generate_series(0, 1) leg;
            """
        );

    public async Task DisposeAsync() =>
        await stack.ExecuteAsync(
            $"""
            DELETE FROM fills WHERE trade_id BETWEEN {First} AND {First} + 9 OR trade_id BETWEEN {InShardThree} AND {InShardThree} + 9;
            DELETE FROM trades WHERE trade_id BETWEEN {First} AND {First} + 9 OR trade_id BETWEEN {InShardThree} AND {InShardThree} + 9;
            DELETE FROM orders WHERE order_id BETWEEN {First} AND {First} + 9;
            DELETE FROM accounts WHERE account_id IN ({Account}, {Account
                + 1})
            """
        );

    [Theory]
    [InlineData("", new[] { 5, 4, 3, 2, 1 })]
    [InlineData("&settlement=unsettled", new[] { 4, 3, 2, 1 })]
    [InlineData("&settlement=final", new[] { 5 })]
    [InlineData("&settlement=failed", new int[0])]
    [InlineData("&market=1&settlement=mined", new[] { 4 })]
    [InlineData("&market=2", new int[0])]
    public async Task AnAccountsTrades_ComeNewestFirst_EachOnce(string filter, int[] expected)
    {
        var page = await stack.ReadAsync<Page<TradeView>>($"trades?account={Maker}{filter}");
        Assert.Equal(expected, page.Items.Select(trade => (int)(trade.TradeId - First)));
        Assert.Null(page.Next);
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData("reason=allowance")]
    [InlineData("settlement=failed&reason=allowance")]
    [InlineData("reason=allowance&sort=tradeId")]
    public async Task FailedTrades_AreFoundByTheirReason_WhateverItsDetail(string filter)
    {
        await stack.ExecuteAsync($"UPDATE trades SET settlement_reason = 'allowance:0x11' WHERE trade_id = {First + 6}");
        await stack.ExecuteAsync($"UPDATE trades SET settlement_reason = 'allowance' WHERE trade_id = {First + 1}");
        var page = await stack.ReadAsync<Page<TradeView>>($"trades?{filter}&limit=500");
        Assert.Equal([First + 6], page.Items.Select(trade => trade.TradeId).Where(id => id is > First and < First + 9));
        Assert.All(page.Items, trade => Assert.Equal(TradeStates.Failed, trade.Settlement));
    }

    [Fact]
    public async Task APage_EndsWithTheCursorOfTheNext()
    {
        var first = await stack.ReadAsync<Page<TradeView>>($"trades?account={Maker}&limit=2");
        Assert.Equal([First + 5, First + 4], first.Items.Select(trade => trade.TradeId));
        var second = await stack.ReadAsync<Page<TradeView>>($"trades?account={Maker}&limit=3&cursor={first.Next}");
        Assert.Equal([First + 3, First + 2, First + 1], second.Items.Select(trade => trade.TradeId));
        Assert.Null(second.Next);
    }

    [Theory]
    [InlineData("tradeId", new[] { 1, 2, 3, 4, 5 })]
    [InlineData("-tradeId", new[] { 5, 4, 3, 2, 1 })]
    [InlineData("blockNumber", new[] { 4, 5 })]
    [InlineData("-blockNumber", new[] { 5, 4 })]
    [InlineData("executedAt", new[] { 1, 2, 3, 4, 5 })]
    [InlineData("-executedAt", new[] { 5, 4, 3, 2, 1 })]
    [InlineData("marketId", new[] { 5, 4, 3, 2, 1 })]
    [InlineData("-marketId", new[] { 1, 2, 3, 4, 5 })]
    public async Task SortedTrades_AreReadPageByPage_ByBlockOnlyThoseInOne(string sort, int[] expected) =>
        Assert.Equal(expected, (await SortedAsync(sort, limit: 1)).Select(id => (int)(id - First)));

    /// <summary>Those of shard 3 are of another market, and happened between the others: 11 to 13 after 1, 2 and 5.</summary>
    [Theory]
    [InlineData("executedAt", new[] { 1, 11, 2, 12, 3, 4, 5, 13 })]
    [InlineData("-executedAt", new[] { 13, 5, 4, 3, 12, 2, 11, 1 })]
    [InlineData("marketId", new[] { 5, 4, 3, 2, 1, 13, 12, 11 })]
    [InlineData("-marketId", new[] { 11, 12, 13, 1, 2, 3, 4, 5 })]
    [InlineData("-tradeId", new[] { 13, 12, 11, 5, 4, 3, 2, 1 })]
    public async Task TradesOfSeveralShards_AreSortedOverAllOfThem_WhateverThePageHolds(string sort, int[] expected)
    {
        await stack.ExecuteAsync(
            $"""
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, settlement, closed)
            SELECT {InShardThree} + n, 2, 0, 100, 0, true, 5000, 3, 1, 9,
                '2026-01-01 00:00:00.5Z'::timestamptz + (ARRAY[1, 2, 5])[n] * interval '1 s', 'final', true
            FROM generate_series(1, 3) n;
            INSERT INTO fills (trade_id, leg, order_id, account_id, outcome, is_buy, price_ticks, quantity_lots, is_taker)
            SELECT {InShardThree} + n, 0, {First}, {Account}, 0, false, 5000, 1, false FROM generate_series(1, 3) n
            """
        );
        for (var limit = 1; limit <= expected.Length + 1; limit++)
            Assert.Equal(
                expected,
                (await SortedAsync(sort, limit)).Select(id => (int)(id > InShardThree ? id - InShardThree + 10 : id - First))
            );
    }

    private async Task<IReadOnlyList<long>> SortedAsync(string sort, int limit)
    {
        var read = new List<long>();
        string? cursor = null;
        do
        {
            var page = await stack.ReadAsync<Page<TradeView>>(
                $"trades?account={Maker}&sort={sort}&limit={limit}{(cursor is null ? "" : $"&cursor={cursor}")}"
            );
            Assert.InRange(page.Items.Count, 1, limit);
            read.AddRange(page.Items.Select(trade => trade.TradeId));
            cursor = page.Next;
        } while (cursor is not null);
        return read;
    }

    [Fact]
    public async Task ASettledTrade_SaysWhereOnTheChainItIs_AndAFailedOneWhy()
    {
        var mined = await stack.ReadAsync<TradeView>($"trades/{First + 4}");
        Assert.Equal(("direct", 0, "buy", "0.5004", "5"), (mined.Kind, mined.OutcomeIndex, mined.TakerSide, mined.Price, mined.Amount));
        Assert.Equal(("mined", 74, 66), (mined.Settlement, mined.BlockNumber, mined.TransactionHash!.Length));
        Assert.Equal((DateTimeOffset.Parse("2026-01-01T00:00:04Z"), 9), (mined.ExecutedAt, mined.Epoch));

        var failed = await stack.ReadAsync<TradeView>($"trades/{First + 6}");
        Assert.Equal(("merge", "failed", "allowance"), (failed.Kind, failed.Settlement, failed.SettlementReason));
        Assert.Equal((null, null), (failed.TransactionHash, failed.BlockNumber));
        Assert.Equal("mint", (await stack.ReadAsync<TradeView>($"trades/{First + 5}")).Kind);
    }

    [Fact]
    public async Task AMarketsTrades_AreThoseOfTheMarket()
    {
        var own = await stack.ReadAsync<Page<TradeView>>($"markets/1/trades?limit=500&cursor={First + 7}");
        Assert.Superset(Enumerable.Range(1, 6).Select(n => First + n).ToHashSet(), own.Items.Select(trade => trade.TradeId).ToHashSet());
        Assert.All(own.Items, trade => Assert.Equal(1, trade.MarketId));
        await BadRequestTests.RefusalAsync(await stack.Http.GetAsync("markets/99/trades"), 404, "not_found");
        await BadRequestTests.RefusalAsync(await stack.Http.GetAsync("trades?market=99"), 404, "not_found");
    }

    [Fact]
    public async Task AnAccountThatNeverTraded_HasNoTrades() =>
        Assert.Empty((await stack.ReadAsync<Page<TradeView>>($"trades?account={PrivateKey.Random().Address}")).Items);
}
