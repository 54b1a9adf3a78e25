using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Firm;

/// <summary>Co-signed withdrawals: the money is out of trading before the co-signature is given (docs/firm-money.md).</summary>
[Collection(VaultChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class WithdrawalTests(ChainFixture fixture)
{
    private const ulong Nonce = FirmVenue.FirstNonce;
    private const long Usdc = 1_000_000;

    private static readonly SettlementOptions Options = new()
    {
        BatchAge = TimeSpan.Zero,
        Confirmations = 2,
        FinalityBlocks = 6,
    };

    [Fact]
    public async Task CoSignedMoney_IsNotTradeable_AndIsPaidAtOnce_Once()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, message) = await GrantedAsync(venue, TimeSpan.FromMinutes(10));
        Assert.Equal(ProblemCodes.InsufficientBalance, (await BidAsync(venue, eve, usdc: 601)).Result.Code);
        var bid = await BidAsync(venue, eve, usdc: 600);
        Assert.Equal("open", bid.Result.OrderStatus);

        await PayAsync(venue, eve, message);
        // From the block that pays to the one that makes it final, the rest covers the order, and ledger and chain are the same.
        for (var block = 0; block < Options.FinalityBlocks + 2; block++)
        {
            await venue.Venue.FollowAsync();
            Assert.Equal("open", (await venue.Live.StateOfAsync(bid)).Status);
            var check = await venue.Live.CheckBalancesAsync();
            Assert.Empty(check!.Findings);
            Assert.Empty(check.Ahead);
            Assert.Equal(block < Options.FinalityBlocks ? 0 : 1, await StateAsync(venue));
            await fixture.MineAsync();
        }

        Assert.Equal(600 * Usdc, await venue.OwnedAsync(eve, Purse.Vault));
        Assert.Equal(0, await venue.Venue.ScalarAsync<long>("SELECT sum(trade_hold)::bigint FROM balances"));
        await venue.RequireLedgerIsChainAsync();
    }

    /// <summary>Its co-signature is as good as before, so its money is not to trade with.</summary>
    [Fact]
    public async Task PaymentThatAReorganisationUndoes_IsHeldStill_UntilItIsPaidAgain()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, message) = await GrantedAsync(venue, TimeSpan.FromMinutes(10));
        await fixture.MineAsync(4);
        await venue.Venue.FollowAsync();
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await PayAsync(venue, eve, message);
        await venue.Live.MineAsync(Options.Confirmations);
        Assert.True(await venue.Venue.ScalarAsync<bool>("SELECT paid_block IS NOT NULL FROM withdrawals"));

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await venue.Live.MineAsync(Options.FinalityBlocks + 4);
        Assert.Equal(0, await StateAsync(venue));
        Assert.Equal(1_000 * Usdc, await venue.OwnedAsync(eve, Purse.Vault));
        Assert.Equal(ProblemCodes.InsufficientBalance, (await BidAsync(venue, eve, usdc: 601)).Result.Code);
        Assert.Equal("open", (await BidAsync(venue, eve, usdc: 600)).Result.OrderStatus);

        await PayAsync(venue, eve, message);
        await venue.Live.MineAsync(Options.FinalityBlocks + 1);
        Assert.Equal(1, await StateAsync(venue));
        Assert.Equal(600 * Usdc, await venue.OwnedAsync(eve, Purse.Vault));
        await venue.RequireLedgerIsChainAsync();
    }

    /// <summary>The follower asks the leader then; by its own clock, which no test moves, the engine holds it still.</summary>
    [Fact]
    public async Task WithdrawalThatNobodyTakes_Lapses_WhenAFinalBlockIsPastItsDeadline()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        await GrantedAsync(venue, TimeSpan.FromMinutes(2));
        var (send, ends) = (venue.Venue.Send!, new List<EndWithdrawal>());
        venue.Venue.Send = (commands, cancellationToken) =>
        {
            ends.AddRange(commands.OfType<EndWithdrawal>());
            return send(commands, cancellationToken);
        };
        await fixture.RequestAsync("evm_increaseTime", 180);
        await venue.Live.MineAsync(Options.FinalityBlocks);
        Assert.Empty(ends);
        await venue.Live.MineAsync();
        var lapsed = Assert.Single(ends);
        Assert.Equal((Nonce, null), (lapsed.Nonce, lapsed.Block));
        Assert.Equal(0, await StateAsync(venue));
    }

    [Fact]
    public async Task AnotherAccountsRequest_OrMoreThanIsFree_IsRefused_AndChangesNothing()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, mallory) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 0));
        await venue.Live.ConfirmAsync();
        Assert.Equal(
            ProblemCodes.InsufficientBalance,
            (await venue.GrantAsync(eve, await venue.MessageOfAsync(eve, 1_001 * Usdc, TimeSpan.FromMinutes(10)))).Code
        );
        Assert.Equal("open", (await BidAsync(venue, eve, usdc: 1_000)).Result.OrderStatus);
        // Last, because the leader takes nothing more from a node that sends a forgery. It is not answered, so it is given up soon.
        var forged = await venue.MessageOfAsync(eve, 1 * Usdc, TimeSpan.FromMinutes(10));
        Assert.NotEqual(
            ResultStatus.Accepted,
            (await venue.GrantAsync(mallory, forged, deadline: DateTimeOffset.UtcNow.AddSeconds(2))).Status
        );
        Assert.Equal(0, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM withdrawals"));
    }

    /// <summary>400 of 1,000 USDC, co-signed.</summary>
    private async Task<(Wallet Eve, WithdrawalMessage Message)> GrantedAsync(FirmVenue venue, TimeSpan within)
    {
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await venue.Live.ConfirmAsync();
        var message = await venue.MessageOfAsync(eve, 400 * Usdc, within);
        Assert.Null((await venue.GrantAsync(eve, message)).Code);
        await venue.Venue.StepAsync(venue.Venue.NewSubmitter());
        return (eve, message);
    }

    private static async Task PayAsync(FirmVenue venue, Wallet eve, WithdrawalMessage message)
    {
        var coSignature = await venue.Venue.ScalarAsync<byte[]>("SELECT co_signature FROM withdrawals");
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.WithdrawNow(message, eve.Account, coSignature));
    }

    private static Task<short> StateAsync(FirmVenue venue) => venue.Venue.ScalarAsync<short>("SELECT state FROM withdrawals");

    /// <summary>At 0.50, from the vault.</summary>
    private static Task<LiveOrder> BidAsync(FirmVenue venue, Wallet maker, long usdc) =>
        venue.PlaceAsync(maker, isBuy: true, ticks: 5_000, lots: usdc * 200, PurseChoice.Vault);
}
