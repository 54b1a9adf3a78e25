using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Simulation.Postgres;

/// <param name="By">The term that wrote the row, for the checks; the real table has only its epoch.</param>
internal sealed record JournalRow(
    long Sequence,
    long Epoch,
    Guid By,
    byte[] Payload,
    CommandKind Kind,
    Guid RequestId,
    CommandResult Result
);

internal sealed record OrderRow(LiveOrder Order, long Epoch, OrderTerms Terms);

internal sealed class Tables
{
    public LeadershipRow? Leadership { get; set; }

    public SortedDictionary<long, JournalRow> Commands { get; } = [];

    public long LastSequence { get; private set; }

    public Dictionary<Guid, JournalRow> ByRequest { get; } = [];

    public Dictionary<OrderId, OrderRow> Orders { get; } = [];

    public Dictionary<Hash32, OrderId> OrderHashes { get; } = [];

    public Dictionary<(Address Maker, string Key), Hash32> IdempotencyKeys { get; } = [];

    public Dictionary<CancelledSalt, Tombstone> Tombstones { get; } = [];

    public HashSet<AccountId> Owners { get; } = [];

    public List<(AccountId Id, Address Address)> Accounts { get; } = [];

    public Dictionary<TradeId, (TradeRow Trade, long Epoch)> Trades { get; } = [];

    public List<FillRow> Fills { get; } = [];

    public SortedDictionary<int, MarketRow> Markets { get; } = [];

    public List<EngineSnapshot> Snapshots { get; } = [];

    public Dictionary<Guid, FailedCommand> Failed { get; } = [];

    public ulong Position { get; set; } = 1;

    public void Write(JournalStep.WriteRows write, Guid by)
    {
        var rows = write.Rows;
        foreach (var command in rows.Commands)
            if (Commands.ContainsKey(command.Command.Sequence) || ByRequest.ContainsKey(command.RequestId))
                throw Errors.Unique("commands");
        foreach (var order in rows.NewOrders)
            if (OrderHashes.ContainsKey(order.Order.Hash))
                throw Errors.Unique("orders");
        foreach (var (id, address) in rows.Accounts)
            if (Accounts.Exists(known => known.Id == id || known.Address == address))
                throw Errors.Unique("accounts");
        foreach (var trade in rows.Trades)
            if (Trades.ContainsKey(trade.Id))
                throw Errors.Unique("trades");

        Accounts.AddRange(rows.Accounts);
        foreach (var command in rows.Commands)
        {
            var row = new JournalRow(
                command.Command.Sequence,
                write.Epoch,
                by,
                Encode(command.Command),
                command.Command.Kind,
                command.RequestId,
                command.Result
            );
            Commands.Add(row.Sequence, row);
            LastSequence = Math.Max(LastSequence, row.Sequence);
            ByRequest.Add(row.RequestId, row);
        }

        foreach (var order in rows.NewOrders)
        {
            var placed = (PlaceOrder)order.Request.Command;
            Orders.Add(order.Order.Id, new OrderRow(order.Order, write.Epoch, OrderTerms.Of(placed)));
            if (placed.IdempotencyKey is { } key)
                IdempotencyKeys.Add((order.Order.Owner, key), order.Order.Hash);
            OrderHashes.Add(order.Order.Hash, order.Order.Id);
        }

        foreach (var (salt, tombstone) in rows.Tombstones)
            Tombstones[salt] = tombstone;
        // An account that has owned something stays an owner, because no trader of this world loses all that it has.
        Owners.UnionWith(rows.Balances.Where(balance => balance.Holding.Owned > 0).Select(balance => balance.Account));
        foreach (var changed in rows.ChangedOrders)
            if (Orders.TryGetValue(changed.Id, out var order))
                Orders[changed.Id] = order with { Order = changed };
        foreach (var trade in rows.Trades)
            Trades.Add(trade.Id, (trade, write.Epoch));
        Fills.AddRange(rows.Fills);
        foreach (var (market, sequence) in rows.ListedMarkets)
            Markets[market.Value] = Markets[market.Value] with { ListedSequence = sequence };
        foreach (var (market, state, _) in rows.ChangedMarkets)
            Markets[market.Value] = Markets[market.Value] with { State = state };
    }

    public void Store(EngineSnapshot snapshot)
    {
        if (!Commands.ContainsKey(snapshot.Sequence) || Snapshots.Exists(stored => stored.Sequence == snapshot.Sequence))
            return;
        Snapshots.Add(snapshot);
        Snapshots.Sort((left, right) => right.Sequence.CompareTo(left.Sequence));
        if (Snapshots.Count > MatchingLimits.SnapshotsKept)
            Snapshots.RemoveRange(MatchingLimits.SnapshotsKept, Snapshots.Count - MatchingLimits.SnapshotsKept);
    }

    private static byte[] Encode(Command command)
    {
        var bytes = new byte[CommandCodec.Size];
        CommandCodec.Encode(command, bytes);
        return bytes;
    }
}

internal sealed record MarketRow(int Id, byte Outcomes, int TickSize, MarketState State, long? ListedSequence)
{
    /// <summary>After the end of every simulated life, so that no market may close by its time.</summary>
    public long ClosesAt { get; } = new DateTimeOffset(SimulatedPostgres.Beginning).ToUnixTimeSeconds() + 3_600;
}

internal static class Errors
{
    public static PostgresException Unique(string table) =>
        Error($"duplicate key value violates unique constraint of {table}", PostgresErrorCodes.UniqueViolation);

    public static PostgresException NotTheEnd(long sequence) => Error($"the journal does not end at {sequence}", "FS002");

    public static PostgresException TermEnded() => Error("term has ended", Fence.TermEnded);

    public static PostgresException LockTimeout() => Error("canceling statement due to lock timeout", PostgresErrorCodes.LockNotAvailable);

    public static PostgresException ReadOnly() =>
        Error("cannot execute INSERT in a read-only transaction", PostgresErrorCodes.ReadOnlySqlTransaction);

    public static PostgresException Deadlock() => Error("deadlock detected", PostgresErrorCodes.DeadlockDetected);

    public static PostgresException Terminated() =>
        new("terminating connection due to administrator command", "FATAL", "FATAL", PostgresErrorCodes.AdminShutdown);

    public static NpgsqlException Broken() => new("Exception while reading from stream (simulated)", new IOException("connection reset"));

    public static NpgsqlException Timeout() =>
        new("Exception while reading from stream (simulated)", new TimeoutException("no answer in time"));

    public static NpgsqlException Unreachable() => new("Failed to connect (simulated)", new IOException("connection refused"));

    private static PostgresException Error(string text, string state) => new(text, "ERROR", "ERROR", state);
}
