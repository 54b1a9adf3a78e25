using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.ChainFollowing;

/// <summary>
/// The act of another makes no account an offender. What an account does itself is blamed in <see cref="GhostFillTests"/>.
/// </summary>
[Trait("Category", "Trust")]
[Collection(ChainCollection.Name)]
public sealed class OwnActsTests(ChainFixture fixture)
{
    private const int Ticks = 5_000;
    private const int Lots = 1_000;

    [Theory]
    [InlineData(true, SettlementFailure.InsufficientCollateral)]
    [InlineData(false, SettlementFailure.InsufficientShares)]
    public async Task AMakerWhomAStrangerDrains_BetweenMatchAndSettlement_IsNoOffender(bool buys, string reason)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (maker, other, stranger) = (
            buys ? await venue.AddWalletAsync(usdc: 6, shares: 0) : await venue.AddWalletAsync(usdc: 0, shares: 15),
            await venue.AddWalletAsync(),
            await venue.AddWalletAsync()
        );
        await venue.ConfirmAsync();
        await venue.PlaceAsync(maker, buys, Ticks, Lots);
        var trade = (await venue.PlaceAsync(other, !buys, Ticks, Lots)).TradeId;
        // Signed for a stranger, because only an order that the relayer does not know can be filled without its knowledge.
        var signed = venue.Sign(maker, buys, Ticks, Lots, expiry: EscapeMode.Expiry());
        await venue.Venue.FillPastTheRelayerAsync(stranger.Key, signed.Message, signed.Signature, Lots);

        await FailAsync(venue, trade, reason);
        Assert.Empty(await StrikesAsync(venue));
    }

    [Fact]
    public async Task AMakerWhoMovesMoneyBesideAStrangersFill_IsBlamedOnlyIfThatMadeTheDifference()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (other, stranger) = (await venue.AddWalletAsync(), await venue.AddWalletAsync());
        foreach (var (moved, isBlamed) in new[] { (1_000_000, false), (6_000_000, true) })
        {
            // 11 USDC: 5 for the trade, 5 for the stranger's fill, so that both could be paid.
            var maker = await venue.AddWalletAsync(usdc: 11, shares: 0);
            await venue.ConfirmAsync();
            await venue.PlaceAsync(maker, isBuy: true, Ticks, Lots);
            var trade = (await venue.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;
            await venue.SendAsync(maker, venue.Venue.Deployment.Usdc, UsdcContract.Transfer(stranger.Account, moved));
            var lots = isBlamed ? Lots : 3 * Lots / 2;
            var signed = venue.Sign(maker, isBuy: true, Ticks, lots, expiry: EscapeMode.Expiry());
            await venue.Venue.FillPastTheRelayerAsync(stranger.Key, signed.Message, signed.Signature, lots);

            await FailAsync(venue, trade, SettlementFailure.InsufficientCollateral);
            Assert.Equal(isBlamed ? [maker.Account] : [], await StrikesAsync(venue));
        }
    }

    [Theory]
    [InlineData(true, 2 * Lots, false)]
    [InlineData(true, Lots, false)]
    [InlineData(true, Lots, true)]
    [InlineData(false, 2 * Lots, false)]
    [InlineData(false, 2 * Lots, true)]
    [InlineData(false, Lots, true)]
    public async Task ASignedCancelThatAnotherSends_IsTheMakersAct_UnlessTheRelayerHadIt(bool relayerHadIt, long size, bool isFollowedFirst)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (maker, other) = (await venue.AddWalletAsync(), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        var order = await venue.PlaceAsync(maker, isBuy: true, Ticks, size);
        var trade = (await venue.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;
        var signature = SignCancel(venue, order);
        if (relayerHadIt)
        {
            var cancel = Traders.CancelBySalt(maker.Account.ToLowerHex(), Venue.Market, order.Message.Salt.ToString());
            var result = await venue.Node.Router.SendAsync(cancel with { Signature = Hex.Encode(signature) });
            Assert.Equal(ResultStatus.Accepted, result.Status);
        }
        await SendCancelAsync(venue, order, signature);
        if (isFollowedFirst)
            await venue.ConfirmAsync();

        await FailAsync(venue, trade, SettlementFailure.OrderCancelled);
        Assert.Equal(relayerHadIt ? [] : [maker.Account], await StrikesAsync(venue));
    }

    /// <summary>The approval is enough for each of the two trades alone.</summary>
    [Fact]
    public async Task AnApprovalThatIsLowered_BelowAllTradesTogether_IsAnAct()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (maker, other) = (await venue.AddWalletAsync(usdc: 20, shares: 0), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        await venue.PlaceAsync(maker, isBuy: true, Ticks, 2 * Lots);
        await venue.PlaceAsync(other, isBuy: false, Ticks, Lots);
        var second = (await venue.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;
        await venue.SendAsync(maker, venue.Venue.Deployment.Usdc, UsdcContract.Approve(venue.Venue.Deployment.Factory, 5_000_000));

        await FailAsync(venue, second, SettlementFailure.InsufficientCollateral);
        Assert.Equal([maker.Account], await StrikesAsync(venue));
    }

    [Fact]
    public async Task AnOrderThatTheVictimNeverSigned_MakesItNoOffender()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (victim, other) = (await venue.AddWalletAsync(), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        var forged = await venue.PlaceAsync(victim, isBuy: true, Ticks, 3 * Lots);
        // Only a node that was broken into could have sent it, past a leader that did not check it.
        await venue.Venue.ExecuteAsync("UPDATE orders SET signature = decode(repeat('00', 65), 'hex')");
        var sound = await venue.PlaceAsync(victim, isBuy: true, Ticks - 100, Lots);
        var trade = (await venue.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;

        await FailAsync(venue, trade, SettlementFailure.InvalidSignature);
        Assert.Empty(await StrikesAsync(venue));
        // Else its rest would cost the next taker its fill too; what the victim did sign stays.
        Assert.Equal($"{SettlementFailure.InvalidSignature}:{forged.Hash}", (await venue.Venue.StateOfAsync(trade)).Reason);
        Assert.Equal(("cancelled", "open"), ((await venue.StateOfAsync(forged)).Status, (await venue.StateOfAsync(sound)).Status));
    }

    /// <summary>What settlement asks the market about has another hash than the one under which the journal has the order.</summary>
    [Fact]
    public async Task AForgedOrderUnderAnotherHash_LeavesTheBookToo()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (victim, other) = (await venue.AddWalletAsync(), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        var forged = await venue.PlaceAsync(victim, isBuy: true, Ticks, 3 * Lots);
        await venue.Venue.ExecuteAsync("UPDATE orders SET salt = salt + 1");
        var trade = (await venue.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;

        await FailAsync(venue, trade, SettlementFailure.InvalidSignature);
        Assert.Empty(await StrikesAsync(venue));
        Assert.Equal("cancelled", (await venue.StateOfAsync(forged)).Status);
    }

    /// <summary>An account may delegate to a contract, and then to none (EIP-7702): the code that accepted the signature is gone.</summary>
    [Fact]
    public async Task AWalletThatTakesItsCodeBack_IsBlamed_AndItsOrdersLeaveTheBook()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (wallet, other) = (await venue.AddContractWalletAsync(), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        var matched = await venue.PlaceAsync(wallet, isBuy: true, Ticks, 3 * Lots);
        var resting = await venue.PlaceAsync(wallet, isBuy: true, Ticks - 100, Lots);
        var trade = (await venue.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;
        await fixture.RequestAsync("anvil_setCode", wallet.Account.ToString(), "0x");

        await FailAsync(venue, trade, SettlementFailure.InvalidSignature);
        Assert.Equal([wallet.Account], await StrikesAsync(venue));
        Assert.Equal($"{SettlementFailure.InvalidSignature}:{wallet.Account.ToLowerHex()}", (await venue.Venue.StateOfAsync(trade)).Reason);
        Assert.Equal(("cancelled", "cancelled"), ((await venue.StateOfAsync(matched)).Status, (await venue.StateOfAsync(resting)).Status));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AContractWallet_IsBlamedOnlyForAnOrderThatItAccepted(bool accepted)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (wallet, other) = (await venue.AddContractWalletAsync(), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        await venue.PlaceAsync(wallet, isBuy: true, Ticks, Lots);
        // As a node that was broken into would have sent it, past a leader that did not check it: else the leader asks the wallet.
        if (!accepted)
            await venue.Venue.ExecuteAsync("UPDATE orders SET signature = decode(repeat('00', 65), 'hex'), signed_by_contract = false");
        var trade = (await venue.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;
        if (accepted)
            await venue.Venue.SendAsync(wallet.Key, wallet.Account, ContractArtifact.TestWallet.Encode("setMode", 1));

        await FailAsync(venue, trade, SettlementFailure.InvalidSignature);
        Assert.Equal(accepted ? [wallet.Account] : [], await StrikesAsync(venue));
    }

    private static byte[] SignCancel(LiveVenue venue, LiveOrder order)
    {
        var domain = TypedDataDomain.OfMarket(venue.Venue.Deployment.ChainId, venue.Venue.MarketAddress);
        return order.Maker.Key.Sign(OrderSigning.CancelHash(domain, new CancelSaltMessage(order.Maker.Account, order.Message.Salt)));
    }

    private static async Task SendCancelAsync(LiveVenue venue, LiveOrder order, byte[] signature) =>
        await venue.SendAsync(
            await venue.AddWalletAsync(),
            venue.Venue.MarketAddress,
            ContractArtifact.Market.Encode("cancelSaltSigned", order.Maker.Account, order.Message.Salt, signature)
        );

    private static async Task FailAsync(LiveVenue venue, long trade, string reason)
    {
        await venue.Venue.StepAsync(venue.Venue.NewSubmitter());
        await venue.Venue.FollowAsync();
        await venue.ConfirmAsync();
        var (state, stored) = await venue.Venue.StateOfAsync(trade);
        Assert.Equal(("failed", reason), (state, FailureReasons.CodeOf(stored)));
        Assert.True(await venue.Venue.ScalarAsync<bool>("SELECT closed FROM trades WHERE trade_id = $1", trade));
    }

    private static async Task<IEnumerable<Address>> StrikesAsync(LiveVenue venue) =>
        (await venue.Venue.ScalarAsync<byte[][]>("SELECT coalesce(array_agg(address), '{}') FROM strikes")).Select(a => new Address(a));
}
