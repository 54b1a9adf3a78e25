using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;

namespace Foresight.Matching.Journal;

/// <summary>
/// The fence is a step of the transaction that it guards, because a check in a round trip of its own could be outdated by the time of the
/// write. Implemented by Postgres and by the simulator; each method is one round trip.
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

    /// <summary>Newest first, so that recovery can fall back to an older snapshot.</summary>
    IAsyncEnumerable<EngineSnapshot> SnapshotsAsync(CancellationToken cancellationToken);

    /// <summary>Both bounds are inclusive. Ascending, because a replay must apply the commands in this order.</summary>
    IAsyncEnumerable<(long Sequence, byte[] Payload)> CommandsAsync(long from, long through, CancellationToken cancellationToken);

    IAsyncEnumerable<(AccountId Id, Address Address)> AccountsAsync(CancellationToken cancellationToken);

    IAsyncEnumerable<LiveOrder> LiveOrdersAsync(Accounts accounts, CancellationToken cancellationToken);

    Task<List<Market>> ListedMarketsAsync(CancellationToken cancellationToken);

    /// <summary>Those that the engine does not list yet, and those that operators want paused or closed and that are not.</summary>
    Task<List<Market>> MarketsToChangeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// A failed request must not be retried before its time, by the database's clock: a copy of it may still be on its way.
    /// </summary>
    IAsyncEnumerable<(Guid RequestId, DateTime Until)> FailedCommandsAsync(CancellationToken cancellationToken);

    /// <summary>Ascending by time, because the last price to be restored is that of the newest minute. Covers 24 hours.</summary>
    IAsyncEnumerable<MinuteVolume> VolumesAsync(CancellationToken cancellationToken);
}

internal interface IJournals
{
    IJournal Open(Lease lease, int shard);
}

/// <param name="UnixSeconds">Start of the minute.</param>
/// <param name="LastPriceTicks">In terms of outcome 0 if the market is binary, whose two outcomes share one book.</param>
internal readonly record struct MinuteVolume(
    MarketId Market,
    long UnixSeconds,
    long Lots,
    long NotionalMicros,
    long Trades,
    int LastPriceTicks
);

internal sealed record EngineSnapshot(long Sequence, string StateHash, byte[] State);

/// <param name="Command">JSON as received. For people only: the program never reads it back.</param>
/// <param name="Until">By the database's clock; no leader retries the command before.</param>
internal sealed record FailedCommand(Guid RequestId, string Command, string Reason, DateTime Until);
