using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Tests.Firm;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Reconciliation;

/// <summary>Runs of the reconciler on an exchange with a vault, and co-signed withdrawals there.</summary>
internal static class VaultRuns
{
    public const long Usdc = 1_000_000;

    public static async Task<RunResult> ReconcileAsync(this FirmVenue venue)
    {
        var at = venue.Venue;
        var journal = new ReconciliationJournal(at.Database);
        var run = await journal.StartScheduledAsync(at.Term, CancellationToken.None);
        var result = await at.NewReconciler(options: new ReconciliationOptions { Confirmations = at.Options.Confirmations })
            .RunAsync(run, CancellationToken.None);
        await journal.FinishAsync(at.Term, result, CancellationToken.None);
        Assert.Null(result.Error);
        return result;
    }

    public static Task<string> TotalsAsync(this FirmVenue venue) =>
        venue.Venue.ScalarAsync<string>("SELECT totals::text FROM vault_totals");

    public static Task<long> FollowedAsync(this FirmVenue venue) =>
        venue.Venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = $1", ChainCursors.Follower);

    public static async Task<WithdrawalMessage> GrantAsync(this FirmVenue venue, Wallet to, long micros, ulong nonce)
    {
        var head = await venue.Venue.Client.GetBlockAsync(await venue.Venue.Client.BlockNumberAsync());
        var message = VaultAssets.MessageOf(to.Account, null, Command.CollateralOutcome, micros, nonce, head!.Timestamp + 600);
        var domain = WithdrawalMessage.DomainOf(venue.Venue.Deployment.ChainId, venue.Vault);
        await venue.Live.Node.Router.SendAsync(
            new GrantWithdrawal(
                to.Account.ToLowerHex(),
                MarketId: 0,
                Command.CollateralOutcome,
                micros,
                nonce,
                (long)message.Deadline,
                Hex.Encode(to.Key.Sign(domain.Digest(message.RequestStructHash())))
            )
            {
                RequestId = Guid.NewGuid(),
                Deadline = Traders.Deadline,
            }
        );
        return message;
    }

    public static async Task PayAsync(this FirmVenue venue, Wallet to, WithdrawalMessage message)
    {
        var coSignature = await venue.Venue.ScalarAsync<byte[]>(
            "SELECT co_signature FROM withdrawals JOIN accounts USING (account_id) WHERE address = $1 AND nonce = $2",
            to.Account.ToBytes(),
            (long)message.Nonce
        );
        await venue.Live.SendAsync(to, venue.Vault, VaultContract.WithdrawNow(message, to.Account, coSignature));
    }
}
