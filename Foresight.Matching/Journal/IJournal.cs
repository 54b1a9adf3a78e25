using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using NpgsqlTypes;

namespace Foresight.Matching.Journal;

/// <summary>
/// The journal, one round trip per method: the writes of a term, and the reads from which the next term is rebuilt. Implemented by Postgres
/// and by the simulator. The fence is a step of the transaction that it guards, because a check in a round trip of its own could be
/// outdated by the time of the write.
/// </summary>
internal interface IJournal
{
    Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken);

    /// <exception cref="Npgsql.PostgresException">
    /// The server reported an error; <see cref="JournalTransaction.FailedStep"/> is the step that caused it.
    /// </exception>
    /// <exception cref="Npgsql.NpgsqlException">
    /// The connection failed before an answer came, so the transaction may have committed.
    /// </exception>
    Task<Committed> ExecuteAsync(JournalTransaction transaction);

    /// <summary>Reads the stored snapshots, newest first, so that recovery can fall back to an older one.</summary>
    IAsyncEnumerable<EngineSnapshot> SnapshotsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Reads the encoded commands between two sequences, both inclusive, in ascending order, in which a replay must apply them.
    /// </summary>
    IAsyncEnumerable<(long Sequence, byte[] Payload)> CommandsAsync(long from, long through, CancellationToken cancellationToken);

    /// <summary>Reads all accounts in ascending order of their ids.</summary>
    IAsyncEnumerable<(AccountId Id, Address Address)> AccountsAsync(CancellationToken cancellationToken);

    IAsyncEnumerable<LiveOrder> LiveOrdersAsync(Accounts accounts, CancellationToken cancellationToken);

    Task<List<Market>> MarketsAsync(bool listed, CancellationToken cancellationToken);

    /// <summary>
    /// Reads the requests that failed and must not be retried yet, each with the end of its quarantine by the database's clock.
    /// </summary>
    IAsyncEnumerable<(Guid RequestId, DateTime Until)> FailedCommandsAsync(CancellationToken cancellationToken);

    /// <summary>Reads the volume of the last 24 hours per market and minute, in ascending order of time.</summary>
    IAsyncEnumerable<MinuteVolume> VolumesAsync(CancellationToken cancellationToken);
}

internal interface IJournals
{
    IJournal Open(Lease lease, int shard);
}

/// <param name="UnixSeconds">Start of the minute.</param>
/// <param name="LastPriceTicks">Last price, in terms of outcome 0 if the market is binary.</param>
internal readonly record struct MinuteVolume(
    MarketId Market,
    long UnixSeconds,
    long Lots,
    long NotionalMicros,
    long Trades,
    int LastPriceTicks
);

internal readonly record struct ClosedFill(
    long TradeId,
    byte[] Owner,
    byte[] OrderHash,
    int Market,
    int PriceTicks,
    long Lots,
    bool IsTaker,
    bool Settled,
    string? Reason
);

/// <param name="Lsn">WAL position of the commit: a replica that has replayed up to here shows the batch.</param>
internal sealed record Committed(NpgsqlLogSequenceNumber Lsn, IReadOnlyList<ClosedFill> ClosedFills);
