using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.ChainFollowing;

/// <summary>Leader, follower and chain are real; what operators want is written as the Api writes it.</summary>
[Trait("Category", "Console")]
[Collection(ChainCollection.Name)]
public sealed class HeldMarketTests(ChainFixture fixture)
{
    private const int Open = 0;
    private const int Paused = 1;
    private const int Closed = 2;

    [Fact]
    public async Task AMarketThatOperatorsHold_IsPausedByTheLeader_AndNotOpenedByTheChain_UntilTheyLetItGo()
    {
        await using var live = await LiveVenue.CreateAsync(fixture);
        var trader = await live.AddWalletAsync();
        await live.ConfirmAsync();
        var resting = await live.PlaceAsync(trader, isBuy: true, 4_000, 100);
        await HoldAsync(live, Paused);
        // The chain trades the market, in the newest confirmed block and at the head.
        await live.ConfirmAsync();
        Assert.Equal(Paused, await live.MarketStateAsync());
        var refused = await live.PlaceAsync(live.Sign(trader, isBuy: true, 4_000, 100));
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.MarketPaused), (refused.Result.Status, refused.Result.Code));
        Assert.Equal("open", (await live.StateOfAsync(resting)).Status);

        await live.Venue.ExecuteAsync("UPDATE markets SET operator_state = NULL");
        await live.ConfirmAsync();
        Assert.Equal(Open, await live.MarketStateAsync());
        Assert.Equal("open", (await live.PlaceAsync(trader, isBuy: true, 4_000, 100)).Result.OrderStatus);
    }

    [Fact]
    public async Task AMarketThatOperatorsClose_LosesItsOrders_AlsoAfterAPause()
    {
        await using var live = await LiveVenue.CreateAsync(fixture);
        var trader = await live.AddWalletAsync();
        await live.ConfirmAsync();
        var resting = await live.PlaceAsync(trader, isBuy: true, 4_000, 100);
        await HoldAsync(live, Paused);
        await HoldAsync(live, Closed);
        await live.ConfirmAsync();
        Assert.Equal((Closed, "cancelled"), (await live.MarketStateAsync(), (await live.StateOfAsync(resting)).Status));
        Assert.Equal(0, await live.HeldAsync());
    }

    private static async Task HoldAsync(LiveVenue live, int state)
    {
        await live.Venue.ExecuteAsync($"UPDATE markets SET operator_state = {state}");
        await Eventually.TrueAsync(
            $"the leader brings the market into state {state}",
            Eventually.Patience,
            async () => await live.MarketStateAsync() == state
        );
    }
}
