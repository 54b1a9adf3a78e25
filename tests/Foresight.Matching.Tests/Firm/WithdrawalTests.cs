using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.Engine;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Firm;

/// <summary>Co-signed withdrawals: the money is out of trading before the co-signature is given (docs/firm-money.md).</summary>
[Collection(ChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class WithdrawalTests(ChainFixture fixture)
{
    private const ulong Nonce = 7;
    private const long Usdc = 1_000_000;

    [Fact]
    public async Task CoSignedMoney_IsNotTradeable_AndIsPaidAtOnce_Once()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await venue.Live.ConfirmAsync();
        var message = MessageOf(eve, 400 * Usdc, minutes: 10);
        Assert.Equal(ResultStatus.Accepted, (await GrantAsync(venue, eve, message)).Status);
        Assert.Equal(ProblemCodes.InsufficientBalance, (await BidAsync(venue, eve, usdc: 601)).Result.Code);
        Assert.Equal("open", (await BidAsync(venue, eve, usdc: 600)).Result.OrderStatus);

        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        var coSignature = await venue.Venue.ScalarAsync<byte[]>("SELECT co_signature FROM withdrawals");
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.WithdrawNow(message, eve.Account, coSignature));
        await venue.Live.ConfirmAsync();
        // What a block showed before it was confirmed is compared again when it is.
        await venue.RequireLedgerIsChainAsync();
        Assert.Equal(600 * Usdc, await venue.OwnedAsync(eve, Purse.Vault));
        Assert.Equal(1, await venue.Venue.ScalarAsync<short>("SELECT state FROM withdrawals"));
        Assert.Equal(0, await venue.Venue.ScalarAsync<long>("SELECT sum(trade_hold)::bigint FROM balances"));
    }

    [Fact]
    public async Task AnotherAccountsRequest_OrMoreThanIsFree_IsRefused_AndChangesNothing()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, mallory) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 0));
        await venue.Live.ConfirmAsync();
        Assert.Equal(ProblemCodes.InsufficientBalance, (await GrantAsync(venue, eve, MessageOf(eve, 1_001 * Usdc, minutes: 10))).Code);
        Assert.Equal("open", (await BidAsync(venue, eve, usdc: 1_000)).Result.OrderStatus);
        // Last, because the leader takes nothing more from a node that sends a forgery.
        Assert.NotEqual(ResultStatus.Accepted, (await GrantAsync(venue, mallory, MessageOf(eve, 1 * Usdc, minutes: 10))).Status);
        Assert.Equal(0, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM withdrawals"));
    }

    private static WithdrawalMessage MessageOf(Wallet of, long micros, int minutes) =>
        VaultAssets.MessageOf(
            of.Account,
            market: null,
            Command.CollateralOutcome,
            micros,
            Nonce,
            DateTimeOffset.UtcNow.AddMinutes(minutes).ToUnixTimeSeconds()
        );

    private static async Task<CommandResult> GrantAsync(FirmVenue venue, Wallet signer, WithdrawalMessage message)
    {
        var domain = WithdrawalMessage.DomainOf(venue.Venue.Deployment.ChainId, venue.Vault);
        return await venue.Live.Node.Router.SendAsync(
            new GrantWithdrawal(
                message.Account.ToLowerHex(),
                MarketId: 0,
                Command.CollateralOutcome,
                (long)message.Amount,
                (ulong)message.Nonce,
                (long)message.Deadline,
                Hex.Encode(signer.Key.Sign(domain.Digest(message.RequestStructHash())))
            )
            {
                RequestId = Guid.NewGuid(),
                // A forgery is not answered, so it is given up then.
                Deadline = DateTimeOffset.UtcNow.AddSeconds(2),
            }
        );
    }

    /// <summary>At 0.50, from the vault.</summary>
    private static Task<LiveOrder> BidAsync(FirmVenue venue, Wallet maker, long usdc) =>
        venue.PlaceAsync(maker, isBuy: true, ticks: 5_000, lots: usdc * 200, PurseChoice.Vault);
}
