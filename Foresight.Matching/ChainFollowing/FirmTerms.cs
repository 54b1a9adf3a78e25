using Dapper;
using Foresight.Chain.Rpc;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Tells each shard until when, and up to how many, its orders are firm (docs/firm-money.md). Sent before the cursor moves, so after
/// everything that the blocks contain.
/// </summary>
public sealed class FirmTerms(SettlementContext settlement, LeaderClient leader, FollowerJournal journal)
{
    private FirmTermsOfShard? _sent;
    private int? _shards;

    public async Task SendAsync(BlockHeader followed, CancellationToken cancellationToken)
    {
        if (settlement.Deployment.Vault is not { Delay: var delay })
            return;
        var shards = _shards ??= await ReadShardsAsync(cancellationToken);
        var oldest = await ReadOldestAsync(cancellationToken);
        var rate = await ReadRateAsync(cancellationToken);
        var terms = FirmTermsRules.Of(delay, followed.Timestamp, rate, shards, oldest);
        if (!FirmTermsRules.IsWorthSending(terms, _sent, delay))
            return;
        // All of them, or none is noted: a shard that has not confirmed a smaller number may still use all of the larger one.
        await leader.DeliverAsync(
            [.. Enumerable.Range(0, shards).Select(shard => leader.SetFirmTerms(shard, terms.UntilSeconds, terms.Trades))],
            cancellationToken
        );
        await journal.NoteTermsAsync(settlement.Term, terms, shards, rate, cancellationToken);
        _sent = terms;
    }

    private async Task<int> ReadShardsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await settlement.Database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<int>(
            new CommandDefinition("SELECT shard_count()", cancellationToken: cancellationToken)
        );
    }

    /// <summary>Unix seconds of the match of the oldest firm trade that is not final; null if there is none.</summary>
    private async Task<long?> ReadOldestAsync(CancellationToken cancellationToken)
    {
        await using var connection = await settlement.Database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long?>(
            new CommandDefinition(
                """
                SELECT extract(epoch FROM min(executed_at))::bigint FROM trades
                WHERE firm AND settlement NOT IN ('final', 'failed') AND NOT closed
                """,
                cancellationToken: cancellationToken
            )
        );
    }

    /// <summary>
    /// Of the newest batches, from their signing to their block; what settlement manages while it has enough to do. Before the first ones,
    /// and while they are small, one full batch in the time that a transaction may take before it counts as stuck.
    /// </summary>
    private async Task<double> ReadRateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await settlement.Database.OpenConnectionAsync(cancellationToken);
        var measured = await connection.ExecuteScalarAsync<double?>(
            new CommandDefinition(
                """
                SELECT sum(trades) / nullif(extract(epoch FROM max(updated_at) - min(created_at)), 0)::float8
                FROM (SELECT trades, created_at, updated_at FROM settlement_batches
                    WHERE state IN ('mined', 'final') AND trades > 0 ORDER BY batch_id DESC LIMIT @Batches) AS newest
                """,
                new { Batches },
                cancellationToken: cancellationToken
            )
        );
        return Math.Max(measured ?? 0, settlement.Options.BatchTrades / Slowest.TotalSeconds);
    }

    private const int Batches = 20;

    /// <summary>Five blocks of a slow chain, which is when a transaction is replaced.</summary>
    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(60);
}
