using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;
using SignedOrder = Foresight.Matching.Tests.Settlement.SignedOrder;

namespace Foresight.Matching.Tests.ChainFollowing;

public sealed partial class GhostFillTests
{
    private const int DeadLots = 200;
    private const int DeadTicks = 4_000;

    public enum DeadBy
    {
        SaltCancelled,
        FilledDirectly,
        FilledInPart,
    }

    [Theory]
    [InlineData(DeadBy.SaltCancelled, ProblemCodes.SaltCancelled)]
    [InlineData(DeadBy.FilledDirectly, ProblemCodes.FilledOnChain)]
    [InlineData(DeadBy.FilledInPart, ProblemCodes.FilledOnChain)]
    public async Task AnOrderThatWasDeadBeforeItWasPlaced_IsRefused_AtTheBlockAndForGood(DeadBy how, string code)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (eve, bob) = (await venue.AddWalletAsync(usdc: 0, shares: 100_000), await venue.AddWalletAsync(usdc: 100_000, shares: 0));
        await venue.ConfirmAsync();
        for (var run = 0; run < Repeat.Times; run++)
        {
            var order = venue.Sign(eve, isBuy: false, DeadTicks, DeadLots, expiry: EscapeMode.Expiry());
            await KillAsync(venue, how, order, bob);
            await venue.Venue.FollowAsync();
            Assert.Equal((ResultStatus.Rejected, code), Said(await venue.PlaceAsync(order)));
            await venue.ConfirmAsync();
            Assert.Equal((ResultStatus.Rejected, code), Said(await venue.PlaceAsync(order)));
            Assert.Equal("open", (await venue.PlaceAsync(eve, isBuy: false, 9_000, 1)).Result.OrderStatus);
        }

        static (ResultStatus, string?) Said(LiveOrder placed) => (placed.Result.Status, placed.Result.Code);
    }

    [Theory]
    [InlineData(DeadBy.SaltCancelled, SettlementFailure.OrderCancelled, true)]
    [InlineData(DeadBy.SaltCancelled, SettlementFailure.OrderCancelled, false)]
    [InlineData(DeadBy.FilledDirectly, SettlementFailure.OrderOverfilled, true)]
    [InlineData(DeadBy.FilledDirectly, SettlementFailure.OrderOverfilled, false)]
    [InlineData(DeadBy.FilledInPart, SettlementFailure.OrderOverfilled, true)]
    public async Task ADeadOrderThatGotOntoTheBook_CostsOneTakerItsFill_AndNeverASecond(DeadBy how, string reason, bool isOld)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (eve, bob) = (await venue.AddWalletAsync(usdc: 0, shares: 100_000), await venue.AddWalletAsync(usdc: 100_000, shares: 0));
        await venue.ConfirmAsync();
        for (var run = 0; run < Repeat.Times; run++)
        {
            var signed = venue.Sign(eve, isBuy: false, DeadTicks, DeadLots, expiry: EscapeMode.Expiry());
            await KillAsync(venue, how, signed, bob);
            // Old: the event predates the recording of such events and is confirmed. Otherwise: placed before any node has read the block.
            if (isOld)
            {
                await venue.ConfirmAsync();
                await venue.Venue.ExecuteAsync("DELETE FROM cancelled_salts");
                await venue.Venue.ExecuteAsync("DELETE FROM direct_fills");
                await venue.Venue.ExecuteAsync("DELETE FROM salt_tombstones");
            }

            var order = await venue.PlaceAsync(signed);
            Assert.Equal("open", order.Result.OrderStatus);
            var first = (await venue.PlaceAsync(bob, isBuy: true, DeadTicks, DeadLots * 3 / 4)).TradeId;
            await venue.Venue.StepAsync(venue.Venue.NewSubmitter());
            Assert.Equal(reason, FailureReasons.CodeOf((await venue.Venue.StateOfAsync(first)).Reason));
            await venue.Venue.FollowAsync();
            Assert.True(await venue.Venue.ScalarAsync<bool>("SELECT closed FROM trades WHERE trade_id = $1", first));
            Assert.Equal("cancelled", (await venue.StateOfAsync(order)).Status);

            var second = await venue.PlaceAsync(bob, isBuy: true, DeadTicks, 10, timeInForce: 2);
            Assert.True(second.Result.Fills is null or [], $"the second taker met the dead order: {second.Result}");
            Assert.Equal(0, await venue.HeldAsync());
            await RequireLedgerIsChainAsync(venue, bob, eve);
        }
    }

    private static Task KillAsync(LiveVenue venue, DeadBy how, SignedOrder order, Wallet friend) =>
        how == DeadBy.SaltCancelled
            ? venue.SendAsync(order.Maker, venue.Venue.MarketAddress, ContractArtifact.Market.Encode("cancelSalt", order.Message.Salt))
            : venue.Venue.FillPastTheRelayerAsync(
                friend.Key,
                order.Message,
                order.Signature,
                how == DeadBy.FilledInPart ? DeadLots / 2 : DeadLots
            );
}
