using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;

namespace Foresight.Matching.Journal;

/// <summary>
/// The journal, one round trip per method: what a term writes, and what the next one is rebuilt from. In Postgres, and in the simulator.
/// The fence is a step of the transaction that it guards, never a question of its own.
/// </summary>
internal interface IJournal
{
    /// <summary>What is known of these requests, and the time.</summary>
    Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken);

    /// <exception cref="Npgsql.PostgresException">The server says no; <see cref="JournalTransaction.FailedStep"/> says where.</exception>
    /// <exception cref="Npgsql.NpgsqlException">There is no answer.</exception>
    Task<Committed> ExecuteAsync(JournalTransaction transaction);

    /// <summary>The newest ones, the newest first.</summary>
    IAsyncEnumerable<EngineSnapshot> SnapshotsAsync(CancellationToken cancellationToken);

    /// <summary>Encoded commands from one sequence through another, in their order.</summary>
    IAsyncEnumerable<(long Sequence, byte[] Payload)> CommandsAsync(long from, long through, CancellationToken cancellationToken);

    /// <summary>In the order of their numbers.</summary>
    IAsyncEnumerable<(AccountId Id, Address Address)> AccountsAsync(CancellationToken cancellationToken);

    IAsyncEnumerable<LiveOrder> LiveOrdersAsync(Accounts accounts, CancellationToken cancellationToken);

    /// <summary>Markets that were (or were not yet) listed by a command.</summary>
    Task<List<Market>> MarketsAsync(bool listed, CancellationToken cancellationToken);

    /// <summary>
    /// Requests that failed and must not be tried again yet, with the moment of the database's clock from which they may.
    /// </summary>
    IAsyncEnumerable<(Guid RequestId, DateTime Until)> FailedCommandsAsync(CancellationToken cancellationToken);

    /// <summary>Volume of the last 24 hours by market and minute, in the order of time.</summary>
    IAsyncEnumerable<MinuteVolume> VolumesAsync(CancellationToken cancellationToken);
}

/// <summary>Opens a term's own way to the journal.</summary>
internal interface IJournals
{
    IJournal Open(Lease lease, int shard);
}

/// <param name="UnixSeconds">The minute's begin.</param>
/// <param name="LastPriceTicks">In outcome 0's terms, if there are two.</param>
internal readonly record struct MinuteVolume(
    MarketId Market,
    long UnixSeconds,
    long Lots,
    long NotionalMicros,
    long Trades,
    int LastPriceTicks
);
