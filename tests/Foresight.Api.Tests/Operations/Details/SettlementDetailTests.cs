using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using Foresight.Testing;

namespace Foresight.Api.Tests.Operations.Details;

[Collection(ApiStackCollection.Name)]
public sealed class SettlementDetailTests(ApiStack stack) : IAsyncLifetime
{
    private readonly JournaledLife _life = new(stack, 8_620_000, "settlement's tests");

    public Task InitializeAsync() => _life.InsertAsync();

    public Task DisposeAsync() => _life.DeleteAsync();

    [Fact]
    public async Task WhatWaits_IsShownByState_WithTheOldestOfEach_InTheOrderOfATradesLife()
    {
        await stack.ExecuteAsync(
            $"""
            UPDATE trades SET settlement = 'matched', executed_at = '2020-01-01Z'
            WHERE trade_id BETWEEN {_life.Trade(2)} AND {_life.Trade(3)}
            """
        );
        var queue = (await ReadAsync()).Queue;
        Assert.Equal(
            queue.Select(waiting => waiting.State).OrderBy(state => TradeStates.All.ToList().IndexOf(state)),
            queue.Select(waiting => waiting.State)
        );
        var matched = queue.Single(waiting => waiting.State == TradeStates.Matched);
        Assert.True(matched.Trades >= 3);
        Assert.True(matched.OldestTradeId <= _life.Trade(1));
        Assert.DoesNotContain(queue, waiting => waiting.State is TradeStates.Final or TradeStates.Failed);
    }

    [Fact]
    public async Task Transactions_ComeNewestFirst_WithWhatEachReplaced_AndInPages()
    {
        var detail = await ReadAsync();
        Assert.Equal([_life.Sent.ToString(), _life.Replaced.ToString()], Own(detail.Batches));
        Assert.Equal(2, detail.Batches.First(batch => batch.TransactionHash == _life.Sent.ToString()).Transactions);

        var seen = new List<BatchView>();
        string? cursor = null;
        do
        {
            var path = $"admin/settlement/batches?limit=1{(cursor is null ? "" : $"&cursor={cursor}")}";
            var page = await stack.ReadAsync<Page<BatchView>>(path, asOperator: true);
            seen.AddRange(page.Items);
            cursor = page.Next;
        } while (cursor is not null);
        Assert.Equal([_life.Sent.ToString(), _life.Replaced.ToString()], Own(seen));

        Assert.Equal([_life.Replaced.ToString()], Own(await OfStateAsync(BatchStates.Replaced)));
        Assert.Equal([_life.Sent.ToString()], Own(await OfStateAsync(BatchStates.Mined)));
        Assert.Empty(Own(await OfStateAsync(BatchStates.Failed)));

        async Task<IReadOnlyList<BatchView>> OfStateAsync(string state) =>
            (await stack.ReadAsync<Page<BatchView>>($"admin/settlement/batches?limit=500&state={state}", asOperator: true)).Items;

        IEnumerable<string> Own(IEnumerable<BatchView> batches) =>
            batches.Select(batch => batch.TransactionHash).Where(hash => hash == $"{_life.Sent}" || hash == $"{_life.Replaced}");
    }

    /// <summary>A fee of 10 comes after one of 7, as a number and not as a text; what is in no block has taken no time yet.</summary>
    [Theory]
    [InlineData("maxFeeWei", true)]
    [InlineData("-maxFeeWei", false)]
    [InlineData("state", false)]
    [InlineData("-state", true)]
    [InlineData("took", false)]
    [InlineData("-took", false)]
    [InlineData("blockNumber", false)]
    [InlineData("-createdAt", false)]
    [InlineData("createdAt", true)]
    [InlineData("nonce", false)]
    [InlineData("-id", false)]
    public async Task Transactions_AreSortedOverAllPages(string sort, bool replacedFirst)
    {
        await stack.ExecuteAsync($"UPDATE settlement_batches SET max_fee_wei = 10 WHERE batch_id = {_life.First + 1}");
        var seen = new List<long>();
        CountedPage<BatchView> page;
        do
        {
            page = await stack.ReadAsync<CountedPage<BatchView>>(
                $"admin/settlement/batches?limit=1&sort={sort}&offset={seen.Count}",
                asOperator: true
            );
            Assert.Null(page.Next);
            seen.AddRange(page.Items.Select(batch => batch.Id));
        } while (page.Items.Count > 0);
        Assert.Equal(page.Total, seen.Count);
        Assert.Equal(seen.Count, seen.Distinct().Count());
        long[] expected = replacedFirst ? [_life.First, _life.First + 1] : [_life.First + 1, _life.First];
        Assert.Equal(expected, seen.Where(id => id == _life.First || id == _life.First + 1));

        var mined = await stack.ReadAsync<CountedPage<BatchView>>(
            $"admin/settlement/batches?limit=500&sort={sort}&state={BatchStates.Mined}",
            asOperator: true
        );
        Assert.Equal(mined.Items.Count, mined.Total);
        Assert.Contains(mined.Items, batch => batch.Id == _life.First + 1);
        Assert.All(mined.Items, batch => Assert.Equal(BatchStates.Mined, batch.State));
    }

    [Theory]
    [InlineData("sort=price", "sort must be one of id, state, nonce,")]
    [InlineData("sort=nonce&cursor=7", "cursor must be the next of a page before, with sort -id and without offset.")]
    [InlineData("offset=10001", "offset must be from 0 to 10000.")]
    [InlineData("order=nonce", "The query parameter \"order\" is unknown; this route takes cursor, limit, offset, sort, state.")]
    public async Task AnOrderThatThereIsNot_IsRefusedByName(string query, string why)
    {
        using var answer = await stack.Admin.GetAsync($"admin/settlement/batches?{query}");
        var problem = await BadRequestTests.RefusalAsync(answer, 400, "malformed_request");
        Assert.StartsWith(why, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FailuresOfADay_AreCountedByTheirCode_WithoutTheAccount()
    {
        Assert.DoesNotContain((await ReadAsync()).FailuresLast24Hours, failure => failure.Reason == "test_reason");
        await stack.ExecuteAsync(
            $"""
            UPDATE trades SET settlement = 'failed', settlement_reason = 'test_reason:0x{new string(
                '1',
                40
            )}', settlement_changed_at = now()
            WHERE trade_id IN ({_life.Trade(1)}, {_life.Trade(6)})
            """
        );
        var failure = Assert.Single((await ReadAsync()).FailuresLast24Hours, failure => failure.Reason == "test_reason");
        Assert.Equal(2, failure.Trades);
        Assert.True(DateTimeOffset.UtcNow - failure.LastAt < TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task SettlementThatHasHalted_ShowsSinceWhen()
    {
        await stack.ExecuteAsync(
            """
            DELETE FROM settlement_status;
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations, halted, halted_since)
            VALUES ('matching-2', 3, 120, 108, 12, 'the chain is another one', '2026-01-01Z')
            """
        );
        try
        {
            var detail = await ReadAsync();
            Assert.Equal(
                ("the chain is another one", DateTimeOffset.Parse("2026-01-01Z")),
                (detail.Status.Halted, detail.HaltedSince!.Value)
            );
            Assert.NotNull(detail.Status.ReportedAt);
            // The overview may be read from the replica.
            await Eventually.TrueAsync(
                "the overview's time of the halt",
                Eventually.Patience,
                async () =>
                    (await stack.ReadAsync<AdminOverview>("admin/overview", asOperator: true)).Settlement?.HaltedSince == detail.HaltedSince
            );
        }
        finally
        {
            await stack.ExecuteAsync("DELETE FROM settlement_status");
        }

        Assert.Null((await ReadAsync()).Status.ReportedAt);
    }

    private Task<SettlementDetail> ReadAsync() => stack.ReadAsync<SettlementDetail>("admin/settlement", asOperator: true);
}
