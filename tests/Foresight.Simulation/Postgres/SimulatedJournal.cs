using System.Runtime.CompilerServices;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.Simulation.Processes;
using NpgsqlTypes;

namespace Foresight.Simulation.Postgres;

internal sealed class SimulatedJournal(World world, SimulatedNode node, SimulatedSessions sessions) : IJournal
{
    public const long LongestLifeSeconds = 86_400;

    public const long ExpiryMarginSeconds = 3;

    private static readonly TimeSpan RebuildTimeout = TimeSpan.FromSeconds(60);

    private Tables Tables => world.Postgres.Tables;

    public Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken) =>
        sessions.UseAsync(
            connection =>
                connection.RequestAsync(
                    () =>
                    {
                        if (requests.Count > 0)
                            world.Nemesis.LookedUp(node);
                        return Find(requests);
                    },
                    cancellationToken
                ),
            cancellationToken
        );

    public Task<Committed> ExecuteAsync(JournalTransaction transaction) =>
        sessions.UseAsync(connection =>
        {
            if (!transaction.TrySend())
                throw new TimeoutException("given up (simulated)");
            world.Invariants.Sends(node);
            return connection.RequestAsync(
                () => world.Postgres.RunAsync(connection.Session, transaction, step => transaction.FailedStep = step),
                transaction.Timeout
            );
        });

    public IAsyncEnumerable<EngineSnapshot> SnapshotsAsync(CancellationToken cancellationToken) =>
        ReadAsync(
            () =>
            {
                world.Nemesis.Recovers(node);
                return Tables.Snapshots.ToList();
            },
            cancellationToken
        );

    public IAsyncEnumerable<(long Sequence, byte[] Payload)> CommandsAsync(long from, long through, CancellationToken cancellationToken) =>
        ReadAsync(
            () => Tables.Commands.Where(row => row.Key >= from && row.Key <= through).Select(row => (row.Key, row.Value.Payload)).ToList(),
            cancellationToken
        );

    public IAsyncEnumerable<(AccountId Id, Address Address)> AccountsAsync(CancellationToken cancellationToken) =>
        ReadAsync(() => Tables.Accounts.ToList(), cancellationToken);

    public IAsyncEnumerable<LiveOrder> LiveOrdersAsync(Accounts accounts, CancellationToken cancellationToken) =>
        ReadAsync(
            () =>
                Tables
                    .Orders.Values.Where(order => order.Order.Status is OrderStatus.Open or OrderStatus.PartiallyFilled)
                    .Where(order => !world.Nemesis.Withholds(order.Order))
                    .Select(order => order.Order.Copy())
                    .ToList(),
            cancellationToken
        );

    public Task<List<Market>> ListedMarketsAsync(CancellationToken cancellationToken) => MarketsAsync(true, cancellationToken);

    public Task<List<Market>> MarketsToChangeAsync(CancellationToken cancellationToken) => MarketsAsync(false, cancellationToken);

    private async Task<List<Market>> MarketsAsync(bool listed, CancellationToken cancellationToken)
    {
        var rows = await sessions.UseAsync(
            connection =>
                connection.RequestAsync(
                    () => Tables.Markets.Values.Where(row => row.ListedSequence is not null == listed).ToList(),
                    cancellationToken
                ),
            cancellationToken
        );
        return
        [
            .. rows.Select(row => new Market
            {
                Id = new(row.Id),
                Outcomes = row.Outcomes,
                TickSize = row.TickSize,
                State = row.State,
                ClosesAt = row.ClosesAt,
            }),
        ];
    }

    public IAsyncEnumerable<(Guid RequestId, DateTime Until)> FailedCommandsAsync(CancellationToken cancellationToken) =>
        ReadAsync(
            () =>
                Tables
                    .Failed.Values.Where(failed => failed.Until > world.Postgres.Now)
                    .Select(failed => (failed.RequestId, failed.Until))
                    .ToList(),
            cancellationToken
        );

    public IAsyncEnumerable<MinuteVolume> VolumesAsync(CancellationToken cancellationToken) =>
        ReadAsync<MinuteVolume>(() => [], cancellationToken);

    private async IAsyncEnumerable<T> ReadAsync<T>(Func<List<T>> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var rows = await sessions.UseAsync(
            connection => connection.RequestAsync(() => Task.FromResult(read()), RebuildTimeout, cancellationToken),
            cancellationToken
        );
        foreach (var row in rows)
            yield return row;
    }

    /// <summary>
    /// Orders are refused without a recent sign of life, so settlement counts as having just shown one on chain. The chain's clock is
    /// right, where there is one: it is another one than the database's.
    /// </summary>
    private OrderLife Life() =>
        new(
            world.Postgres.TrueNowSeconds,
            LifeSeconds: LongestLifeSeconds,
            BlockTime: world.Nemesis.HidesBlocks ? null : world.Postgres.TrueNowSeconds,
            ExpiryMarginSeconds
        );

    private LookupResult Find(IReadOnlyList<QueuedCommand> requests)
    {
        var known = new LookupResult
        {
            Now = world.Postgres.Now,
            Lsn = new NpgsqlLogSequenceNumber(Tables.Position),
            OrderLife = Life(),
        };
        foreach (var request in requests)
        {
            foreach (var asked in request.Ids)
                if (Tables.ByRequest.TryGetValue(asked, out var row))
                    known.Requests[row.RequestId] = new StoredCommand(row.Kind, row.Result);
            if (request.Command is CancelBySalt cancel)
                FindCancel(new(new(cancel.MarketId), request.Account, request.SaltTag), known);
            if (request.Command is not PlaceOrder order)
                continue;
            if (Tables.Tombstones.ContainsKey(new(new(order.MarketId), request.Account, request.SaltTag)))
                known.DeadOrders[request.OrderHash] = ProblemCodes.SaltCancelled;
            if (Tables.OrderHashes.TryGetValue(request.OrderHash, out var id))
                known.Orders[request.OrderHash] = Tables.Orders[id].Terms;
            if (order.IdempotencyKey is { } key && Tables.IdempotencyKeys.TryGetValue((request.Account, key), out var hash))
                known.IdempotencyKeys[(request.Account, key)] = hash;
        }

        return known;
    }

    private void FindCancel(CancelledSalt salt, LookupResult known)
    {
        if (Tables.Tombstones.TryGetValue(salt, out var tombstone))
            known.Tombstones[salt] = tombstone;
        var early = Tables.Tombstones.Where(row => row.Key.Maker == salt.Maker && !row.Value.MetOrder).ToList();
        var account = Tables.Accounts.Find(account => account.Address == salt.Maker).Id;
        known.Makers[salt.Maker] = new EarlyCancels(
            early.Count,
            early.Select(row => row.Value.Sequence).DefaultIfEmpty().Max(),
            Tables.Owners.Contains(account)
        );
    }
}

internal sealed class SimulatedJournals(World world, SimulatedNodeParts parts) : IJournals
{
    public IJournal Open(Lease lease, int shard) =>
        world.Mutant.Journal(new SimulatedJournal(world, parts.Node, (SimulatedSessions)lease.Sessions), lease, parts);
}
