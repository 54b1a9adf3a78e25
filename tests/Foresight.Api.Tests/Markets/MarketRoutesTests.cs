using System.Net.Http.Json;
using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Markets;

[Collection(ApiStackCollection.Name)]
public sealed class MarketRoutesTests(ApiStack stack) : IAsyncLifetime
{
    private const int Binary = 301;
    private const int ThreeWay = 302;
    private const long FirstTrade = 8_100_000;

    public async Task InitializeAsync()
    {
        await stack.ExecuteAsync(
            $"""
            INSERT INTO markets (market_id, address, question, outcomes, tick_size, state, resolved_outcome, closes_at) VALUES
                ({Binary}, substr(sha256('a'), 1, 20), '', ARRAY['Yes', 'No'], 10, 0, NULL, NULL),
                ({ThreeWay}, substr(sha256('b'), 1, 20), '', ARRAY['A', 'B', 'C'], 100, 0, NULL, NULL)
            ON CONFLICT DO NOTHING
            """
        );
        await stack.ExecuteAsync(
            $"""
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, closed)
            VALUES
                ({FirstTrade + 1}, {Binary}, 0, 1000, 0, true, 4000, 0, 1, 1, now() - interval '25 hours', true),
                ({FirstTrade + 2}, {Binary}, 0, 250, 0, true, 6000, 0, 1, 1, now() - interval '23 hours', true),
                ({FirstTrade + 3}, {Binary}, 1, 50, 1, true, 3500, 0, 1, 1, now(), true),
                ({FirstTrade + 4}, {ThreeWay}, 0, 100, 0, false, 2000, 0, 1, 1, now(), true),
                ({FirstTrade + 5}, {ThreeWay}, 0, 100, 2, true, 7700, 0, 1, 1, now(), true)
            ON CONFLICT DO NOTHING
            """
        );
    }

    public Task DisposeAsync() => stack.ExecuteAsync($"DELETE FROM trades WHERE market_id IN ({Binary}, {ThreeWay})");

    [Fact]
    public async Task AMarket_ShowsItsDay_InTermsOfItsFirstOutcome()
    {
        // Polled, because statistics are shared by all callers for five seconds.
        var binary = await UntilAsync(Binary, market => market.Stats!.Trades24h == 2);
        // Yesterday's trade is outside the 24 hours. Buying No at 0.35 is selling Yes at 0.65.
        Assert.Equal(("0.65", "3", "1.675"), (binary.Stats!.LastPrice, binary.Stats.Volume24h, binary.Stats.Notional24h));
        Assert.Equal(("0.001", "open", null), (binary.TickSize, binary.State, binary.ResolvedOutcome));
        Assert.Equal((null, null), (binary.Stats.BestBid, binary.Stats.BestAsk));

        // With three outcomes the price of C shows nothing about A.
        var threeWay = await UntilAsync(ThreeWay, market => market.Stats!.Trades24h == 2);
        Assert.Equal(("0.2", "2", "0.97"), (threeWay.Stats!.LastPrice, threeWay.Stats.Volume24h, threeWay.Stats.Notional24h));
    }

    [Fact]
    public async Task Markets_ComeInTheOrderOfTheirIds_EachOnce()
    {
        await UntilAsync(ThreeWay, _ => true);
        var seen = new List<int>();
        string? cursor = null;
        do
        {
            var page = (
                await stack.Http.GetFromJsonAsync<Page<MarketView>>($"markets?limit=1{(cursor is null ? "" : $"&cursor={cursor}")}")
            )!;
            seen.Add(Assert.Single(page.Items).Id);
            cursor = page.Next;
        } while (cursor is not null);
        Assert.Equal(seen.Order(), seen);
        Assert.Superset(new HashSet<int> { 1, 2, Binary, ThreeWay }, seen.ToHashSet());
        Assert.Equal(seen, (await stack.Http.GetFromJsonAsync<Page<MarketView>>("markets"))!.Items.Select(market => market.Id));
        Assert.Empty((await stack.Http.GetFromJsonAsync<Page<MarketView>>($"markets?cursor={long.MaxValue}"))!.Items);
    }

    [Fact]
    [Trait("Category", "Firm")]
    public async Task AMarketOfFirmOrdersAlone_IsShownAsThat()
    {
        Assert.False((await UntilAsync(ThreeWay, _ => true)).FirmOnly);
        await stack.ExecuteAsync($"UPDATE markets SET firm_only = true WHERE market_id = {ThreeWay}");
        try
        {
            await UntilAsync(ThreeWay, market => market.FirmOnly);
            var all = (await stack.Http.GetFromJsonAsync<Page<MarketView>>("markets"))!.Items;
            Assert.Equal([ThreeWay], all.Where(market => market.FirmOnly).Select(market => market.Id));
        }
        finally
        {
            await stack.ExecuteAsync($"UPDATE markets SET firm_only = false WHERE market_id = {ThreeWay}");
        }
    }

    [Fact]
    public async Task Markets_AreFilteredByStateAndText_OnEveryPage()
    {
        await UntilAsync(ThreeWay, _ => true);
        var all = await IdsAsync("");
        Assert.Equal([Binary], await IdsAsync($"text={Binary}"));
        Assert.DoesNotContain(ThreeWay, await IdsAsync("text=30"));
        await stack.ExecuteAsync($"UPDATE markets SET state = 1, question = 'Will 5% SLEET?' WHERE market_id = {ThreeWay}");
        try
        {
            await UntilAsync(ThreeWay, market => market.State == MarketStates.Paused);
            Assert.Equal([ThreeWay], await IdsAsync("state=paused"));
            Assert.Equal([ThreeWay], await IdsAsync("text=5%25%20sleet"));
            Assert.Equal([ThreeWay], await IdsAsync($"text={(await UntilAsync(ThreeWay, _ => true)).Address.ToUpperInvariant()}"));
            Assert.Empty(await IdsAsync("text=sleet&state=open"));
            Assert.Equal(all.Where(id => id != ThreeWay), await IdsAsync("state=open"));
        }
        finally
        {
            await stack.ExecuteAsync($"UPDATE markets SET state = 0, question = '' WHERE market_id = {ThreeWay}");
            await UntilAsync(ThreeWay, market => market.State == MarketStates.Open);
        }

        async Task<IReadOnlyList<int>> IdsAsync(string filter)
        {
            var ids = new List<int>();
            string? cursor = null;
            do
            {
                var page = (
                    await stack.Http.GetFromJsonAsync<Page<MarketView>>(
                        $"markets?limit=1&{filter}{(cursor is null ? "" : $"&cursor={cursor}")}"
                    )
                )!;
                ids.AddRange(page.Items.Select(market => market.Id));
                cursor = page.Next;
            } while (cursor is not null);
            return ids;
        }
    }

    [Fact]
    public async Task AMarketThatChanges_IsShownAsItIsNow()
    {
        await UntilAsync(Binary, market => market.State == "open");
        try
        {
            await stack.ExecuteAsync(
                $"UPDATE markets SET state = 3, resolved_outcome = 1, closes_at = '2026-01-01Z' WHERE market_id = {Binary}"
            );
            var resolved = await UntilAsync(Binary, market => market.State == "resolved");
            Assert.Equal((1, DateTimeOffset.Parse("2026-01-01Z")), (resolved.ResolvedOutcome, resolved.ClosesAt));
        }
        finally
        {
            await stack.ExecuteAsync($"UPDATE markets SET state = 0, resolved_outcome = NULL, closes_at = NULL WHERE market_id = {Binary}");
        }
    }

    [Fact]
    public async Task AnEmptyBook_IsEmptySides_AndNotMissing()
    {
        await UntilAsync(ThreeWay, _ => true);
        foreach (var outcome in new[] { 0, 1, 2 })
        {
            DepthView? depth = null;
            await Eventually.TrueAsync(
                "the new market's book is there",
                Eventually.Patience,
                async () =>
                    (await stack.TryGetAsync($"markets/{ThreeWay}/depth?outcome={outcome}")) is { IsSuccessStatusCode: true } answer
                    && (depth = await answer.Content.ReadFromJsonAsync<DepthView>()) is not null
            );
            Assert.Equal((ThreeWay, outcome, 0, 0), (depth!.MarketId, depth.OutcomeIndex, depth.Bids.Count, depth.Asks.Count));
        }

        await BadRequestTests.RefusalAsync(await stack.Http.GetAsync($"markets/{ThreeWay}/depth?outcome=3"), 422, "invalid_outcome");
        await BadRequestTests.RefusalAsync(await stack.Http.GetAsync($"markets/{ThreeWay}/depth?outcome=-1"), 422, "invalid_outcome");
    }

    [Fact]
    public async Task TheChain_IsWhatAWalletNeeds_AndMissingContractsAreAnOutage()
    {
        var chain = await stack.ReadAsync<ChainView>("chain");
        Assert.Equal(31337, chain.ChainId);
        Assert.Equal(
            new[] { 'c', 'a', 'b' }.Select(digit => $"0x{new string(digit, 40)}"),
            new[] { chain.Factory, chain.Usdc, chain.OutcomeToken }.Select(address => address.ToLowerInvariant())
        );
        Assert.True(chain.Confirmations >= 0);
        Assert.Equal(5, chain.ExpiryMarginSeconds);

        await stack.ExecuteAsync("UPDATE deployments SET chain_id = 1 WHERE chain_id = 31337");
        try
        {
            await Eventually.TrueAsync(
                "the replica has the change",
                Eventually.Patience,
                async () => (int)(await stack.Http.GetAsync("chain")).StatusCode == 503
            );
            var refusal = await BadRequestTests.RefusalAsync(await stack.Http.GetAsync("chain"), 503, "unavailable");
            Assert.Contains("not deployed on chain 31337", refusal.GetProperty("detail").GetString());
        }
        finally
        {
            await stack.ExecuteAsync("UPDATE deployments SET chain_id = 31337 WHERE chain_id = 1");
        }

        await Eventually.TrueAsync(
            "they are there again",
            Eventually.Patience,
            async () => (int)(await stack.Http.GetAsync("chain")).StatusCode == 200
        );
    }

    private async Task<MarketView> UntilAsync(int id, Func<MarketView, bool> holds)
    {
        MarketView? view = null;
        await Eventually.TrueAsync(
            $"market {id} is as expected",
            Eventually.Patience,
            async () =>
                (await stack.TryGetAsync($"markets/{id}")) is { IsSuccessStatusCode: true } answer
                && holds(view = (await answer.Content.ReadFromJsonAsync<MarketView>())!)
        );
        return view!;
    }
}
