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
        var message = await venue.MessageOfAsync(to, micros, TimeSpan.FromMinutes(10), nonce);
        await venue.GrantAsync(to, message);
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
