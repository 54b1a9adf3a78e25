using Foresight.Chain.Contracts;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Settlement;

/// <summary>
/// Settlement may be away for days. Users may leave then, so what they agreed to before binds them for no longer than an
/// order may live.
/// </summary>
[Trait("Category", "Trust")]
[Collection(ChainCollection.Name)]
public sealed class OverdueTradeTests(ChainFixture fixture)
{
    private const int Ticks = 5_000;
    private const int Lots = 100;

    private static readonly TimeSpan Life = MarketFactoryContract.DefaultOrderLife;

    [Fact]
    public async Task ATradeFromBeforeALongSilence_FailsWithoutBlame_AndALaterOneSettles()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob, left) = (await venue.AddTraderAsync(), await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var (old, ofOneWhoLeft) = (await venue.TradeAsync(alice, bob), await venue.TradeAsync(left, bob));
        var (young, fresh) = (await venue.TradeAsync(alice, bob), await venue.TradeAsync(alice, bob));
        await MatchedAgoAsync(venue, old, Life + TimeSpan.FromMinutes(1));
        await MatchedAgoAsync(venue, ofOneWhoLeft, 5 * Life);
        await MatchedAgoAsync(venue, young, Life - TimeSpan.FromMinutes(1));
        await venue.SendAsync(left.Key, venue.Deployment.Usdc, UsdcContract.Approve(venue.Deployment.Factory, 0));

        await venue.SettleAllAsync();
        foreach (var trade in new[] { old, ofOneWhoLeft })
            Assert.Equal(
                ("failed", ProblemCodes.SettlementSilent, 0),
                ((await venue.StateOfAsync(trade)).State, (await venue.StateOfAsync(trade)).Reason, await venue.TimesSettledAsync(trade))
            );
        foreach (var trade in new[] { young, fresh })
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal([old, ofOneWhoLeft], venue.Leader.Bust.Order());
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
    }

    /// <summary>The engine has it as settled, so the chain must have it too: a bust would come too late.</summary>
    [Fact]
    public async Task ATradeThatAReorganisationUndid_IsSentAgain_HoweverOldItIs()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await MatchedAgoAsync(venue, trade, 2 * Life);
        await venue.ExecuteAsync("UPDATE trades SET closed = true");
        await venue.SettleAllAsync();
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, -1, 0)]
    [InlineData(-1, 1, 0)]
    [InlineData(0, 0, 0)]
    public void ATrade_IsOverdue_ByTheClockAndTheChainTogether(int clockSeconds, int chainSeconds, int expected)
    {
        var matched = DateTimeOffset.UnixEpoch;
        var end = matched + Life;
        WaitingTrade[] waiting = [new(1, 1, 2, 0, matched, matched), new(2, 1, 2, 0, matched, MatchedAt: null), new(3, 1, 2, 0, end, end)];
        var overdue = BatchRules.Overdue(waiting, Life, end.AddSeconds(clockSeconds), end.AddSeconds(chainSeconds));
        Assert.Equal(Enumerable.Repeat(1L, expected), overdue.Select(trade => trade.TradeId));
    }

    /// <summary>Signed before the silence, and sent after it: the maker had left in between.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhoLeft_IsNoOffender_ForATradeFromBeforeTheSilence(bool isSilenceLong)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (maker, other) = (await venue.AddWalletAsync(), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        await venue.PlaceAsync(maker, isBuy: true, Ticks, Lots);
        var trade = (await venue.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;
        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);
        await venue.SendFirstAsync(maker, venue.Venue.Deployment.Usdc, UsdcContract.Approve(venue.Venue.Deployment.Factory, 0));
        if (isSilenceLong)
            await MatchedAgoAsync(venue.Venue, trade, Life + TimeSpan.FromMinutes(1));

        await venue.MineAsync();
        await venue.Venue.StepAsync(submitter);
        await venue.MineAsync(3);
        Assert.Equal(
            ("failed", SettlementFailure.InsufficientCollateral),
            ((await venue.Venue.StateOfAsync(trade)).State, FailureReasons.CodeOf((await venue.Venue.StateOfAsync(trade)).Reason))
        );
        Assert.True(await venue.Venue.ScalarAsync<bool>("SELECT closed FROM trades WHERE trade_id = $1", trade));
        Assert.Equal(isSilenceLong ? 0L : 1L, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
    }

    private static Task MatchedAgoAsync(Venue venue, long trade, TimeSpan ago) =>
        venue.ExecuteAsync("UPDATE trades SET executed_at = now() - $2 WHERE trade_id = $1", trade, ago);
}
