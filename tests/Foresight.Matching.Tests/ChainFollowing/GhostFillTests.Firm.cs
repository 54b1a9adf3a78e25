using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Firm;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.ChainFollowing;

public sealed partial class GhostFillTests
{
    /// <summary>
    /// The contrast: an account has a trade of its wallet and one of the vault on their way, and the same acts come before both in a block.
    /// On a chain of its own, because the delay of a contract wallet's key passes on it.
    /// </summary>
    [Trait("Category", "Firm")]
    public sealed class OfWalletAndVault(ChainFixture fixture) : IClassFixture<ChainFixture>, IAsyncLifetime
    {
        private static readonly PrivateKey Key = PrivateKey.OfPhrase("key that a ghost's contract wallet has registered");
        private static readonly BigInteger All = new BigInteger(1_000) * 1_000_000;

        private string _before = "";

        public async Task InitializeAsync() => _before = await fixture.RequestAsync("evm_snapshot");

        public async Task DisposeAsync()
        {
            await fixture.AutomineAsync(true);
            await fixture.RequestAsync("evm_revert", _before);
            await fixture.RequestAsync("anvil_dropAllTransactions");
        }

        [Theory]
        [MemberData(nameof(Attacks), MemberType = typeof(GhostFillTests))]
        public async Task TheSameAct_FailsTheTradeOfTheWallet_AndTheFirmTradeSettles(Attack attack, string reason)
        {
            await using var venue = await FirmVenue.CreateAsync(fixture);
            var isContract = attack is Attack.WalletTurnsInvalid or Attack.WalletBurnsGas or Attack.WalletTakesItsCodeBack;
            var eve = isContract ? await venue.AddContractAsync(usdc: 1_000, Key.Address) : await venue.AddAsync(usdc: 1_000, shares: 0);
            var bob = await venue.AddAsync(usdc: 0, shares: 1_000);
            await venue.Live.ConfirmAsync();
            if (isContract)
                await venue.PassDelayAsync();
            var (softBid, firmBid) = (
                venue.Live.Sign(eve, isBuy: true, BadTicks, BadLots),
                isContract
                    ? venue.Live.SignByKey(eve, Key, isBuy: true, BadTicks, BadLots)
                    : venue.Live.Sign(eve, isBuy: true, BadTicks, BadLots)
            );
            var soft = await MatchAsync(venue, softBid, bob, PurseChoice.Wallet);
            var firm = await MatchAsync(venue, firmBid, bob, PurseChoice.Vault);

            var submitter = await BroadcastAsync(venue, soft.Trade, firm.Trade);
            foreach (var bid in attack == Attack.OrderCancelled ? new[] { soft.Bid, firm.Bid } : [soft.Bid])
                await AttackAsync(venue.Live, attack, eve, bid);
            // What the act is for money in the vault.
            if (attack == Attack.MoneyMoved)
                await venue.Live.SendFirstAsync(eve, venue.Vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, All));
            if (attack == Attack.ApprovalRevoked)
                await venue.Live.SendFirstAsync(eve, venue.Venue.Deployment.Usdc, UsdcContract.Approve(venue.Vault, 0));

            await RequireContrastAsync(venue, submitter, soft.Trade, reason, firm.Trade);
            // A block is the issuer's act, and a firm trade leaves nothing to blame.
            Assert.Equal(
                attack == Attack.MoneyBlocked ? [] : [soft.Trade],
                await venue.Venue.ScalarAsync<long[]>("SELECT coalesce(array_agg(trade_id), '{}') FROM strikes")
            );
            Assert.Equal((long)BadLots * BadTicks, await venue.OwnedAsync(bob, Purse.Vault));
        }

        /// <summary>Dead for the wallet, and for the vault when the delay is over. No node has read the block of the cancels.</summary>
        [Fact]
        public async Task OrdersThatWereCancelledBeforeTheyWerePlaced_FailFromTheWallet_AndSettleFromTheVault()
        {
            await using var venue = await FirmVenue.CreateAsync(fixture);
            var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
            await venue.Live.ConfirmAsync();
            var (softBid, firmBid) = (Bid(), Bid());
            foreach (var bid in new[] { softBid, firmBid })
                await KillAsync(venue.Live, DeadBy.SaltCancelled, bid, bob);

            var soft = await MatchAsync(venue, softBid, bob, PurseChoice.Wallet);
            var firm = await MatchAsync(venue, firmBid, bob, PurseChoice.Vault);
            // The node refuses the one before it is sent, so that only the other is broadcast.
            var submitter = await BroadcastAsync(venue, firm.Trade);
            await RequireContrastAsync(venue, submitter, soft.Trade, SettlementFailure.OrderCancelled, firm.Trade);

            SignedOrder Bid() => venue.Live.Sign(eve, isBuy: true, BadTicks, BadLots);
        }

        private static async Task<(LiveOrder Bid, long Trade)> MatchAsync(
            FirmVenue venue,
            SignedOrder bid,
            Wallet seller,
            PurseChoice purse
        )
        {
            var placed = await venue.Live.PlaceAsync(bid, purse: purse);
            Assert.Equal("open", placed.Result.OrderStatus);
            var trade = (await venue.PlaceAsync(seller, isBuy: false, BadTicks, BadLots, purse)).TradeId;
            Assert.Equal(purse == PurseChoice.Vault, await venue.IsFirmAsync(trade));
            return (placed, trade);
        }

        private async Task<Submitter> BroadcastAsync(FirmVenue venue, params long[] trades)
        {
            await fixture.AutomineAsync(false);
            var submitter = venue.Venue.NewSubmitter();
            await venue.Venue.StepAsync(submitter);
            foreach (var trade in trades)
                Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);
            return submitter;
        }

        private static async Task RequireContrastAsync(FirmVenue venue, Submitter submitter, long soft, string reason, long firm)
        {
            Assert.Equal("final", await venue.EndOfAsync(submitter, firm));
            Assert.Equal("failed", await venue.EndOfAsync(submitter, soft));
            Assert.Equal(reason, FailureReasons.CodeOf((await venue.Venue.StateOfAsync(soft)).Reason));
            Assert.Equal((0, 1), (await venue.Venue.TimesSettledAsync(soft), await venue.Venue.TimesSettledAsync(firm)));
            await venue.Live.ConfirmAsync();
            Assert.Equal(0, await venue.Live.HeldAsync());
            await venue.RequireLedgerIsChainAsync();
        }
    }
}
