using Dapper;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Npgsql;

namespace Foresight.Matching.ChainFollowing.Allotment;

/// <param name="Block">In the engine's count.</param>
/// <param name="MoveTo">
/// The shard that gets what this one acknowledges to have given up, and no more, so that the parts never exceed the chain's balance. Null
/// if that balance itself changed.
/// </param>
public sealed record OpenChange(long Id, Address Account, int Shard, long Units, long Block, int? MoveTo);

/// <summary>Stored before it is sent to its shard, so that a crash in between cannot lose it.</summary>
public readonly record struct NewChange(Address Account, int Shard, long Units, long Block, int? MoveTo = null);

/// <summary>The account may have in other shards what this shard lacked to take its buy, so that it can be moved here.</summary>
/// <param name="Cost">In micro-USDC.</param>
public readonly record struct Demand(Address Account, int Shard, long Cost);

/// <summary>
/// Reads at the primary, because a change is a difference: decided from a stale part, it would be applied twice. Every write is fenced by
/// settlement's term, so a follower that was replaced decides nothing.
/// </summary>
public sealed class AllotmentStore(NpgsqlDataSource primary, SettlementJournal journal)
{
    public const int MaxOpen = 4_096;

    /// <summary>
    /// More commands than a shard receives between two looks. Older ones are skipped, so that a look after an outage stays short.
    /// </summary>
    private const int CommandsPerLook = 20_000;

    private const int DemandsPerLook = 200;

    public async Task<IReadOnlyDictionary<Address, Allotment[]>> ReadPartsAsync(
        IReadOnlyCollection<Address> accounts,
        int shards,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Address, short Shard, long Owned, long Held)>(
            new CommandDefinition(
                """
                SELECT a.address, b.shard, b.owned, b.order_hold + b.trade_hold FROM accounts a JOIN balances b USING (account_id)
                WHERE a.address = ANY (@all) AND b.market_id = 0 AND b.outcome = @collateral AND b.purse = 0
                """,
                new { all = accounts.Select(account => account.ToBytes()).ToArray(), collateral = (short)Command.CollateralOutcome },
                cancellationToken: cancellationToken
            )
        );
        return rows.GroupBy(row => new Address(row.Address))
            .ToDictionary(
                account => account.Key,
                account =>
                {
                    var parts = Enumerable.Range(0, shards).Select(shard => new Allotment(shard, 0, 0)).ToArray();
                    foreach (var row in account)
                        parts[row.Shard] = new Allotment(row.Shard, row.Owned, row.Held);
                    return parts;
                }
            );
    }

    public async Task<IReadOnlyList<OpenChange>> ReadOpenAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(long Id, byte[] Address, short Shard, long Units, long Block, short? MoveTo)>(
            new CommandDefinition(
                "SELECT change_id, address, shard, units, block, move_to FROM allotment_changes ORDER BY change_id LIMIT @MaxOpen",
                new { MaxOpen },
                cancellationToken: cancellationToken
            )
        );
        return [.. rows.Select(row => new OpenChange(row.Id, new Address(row.Address), row.Shard, row.Units, row.Block, row.MoveTo))];
    }

    public Task OpenAsync(Term term, IReadOnlyCollection<NewChange> changes, CancellationToken cancellationToken) =>
        journal.ExecuteAsync(term, cancellationToken, Insert(changes));

    /// <summary>What the changes freed is assigned in the transaction that closes them, so that a crash cannot lose it.</summary>
    public Task CloseAsync(
        Term term,
        IReadOnlyCollection<long> done,
        IReadOnlyCollection<NewChange> following,
        CancellationToken cancellationToken
    ) =>
        journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql("DELETE FROM allotment_changes WHERE change_id = ANY ($1)", done.ToArray()),
            Insert(following)
        );

    public async Task<long[]> ReadHeadsAsync(int shards, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<long>(
                new CommandDefinition(
                    """
                    SELECT coalesce((SELECT max(sequence) FROM commands c WHERE c.shard = s.shard), 0)
                    FROM generate_series(0, @last) s(shard) ORDER BY s.shard
                    """,
                    new { last = shards - 1 },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    public async Task<IReadOnlyList<Demand>> ReadDemandsAsync(int shard, long after, long through, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var refused = await connection.QueryAsync<byte[]>(
            new CommandDefinition(
                """
                SELECT payload FROM commands
                WHERE shard = @shard AND sequence > @from AND sequence <= @through AND kind = @place AND result ->> 'code' = @code
                ORDER BY sequence DESC LIMIT @DemandsPerLook
                """,
                new
                {
                    shard,
                    from = Math.Max(after, through - CommandsPerLook),
                    through,
                    place = (short)CommandKind.PlaceOrder,
                    code = Protocol.ProblemCodes.InsufficientBalance,
                    DemandsPerLook,
                },
                cancellationToken: cancellationToken
            )
        );
        var buys = refused
            .Select(payload => CommandCodec.Decode(payload))
            .Where(order => order.Side == Side.Buy)
            .DistinctBy(order => order.Account)
            .ToList();
        if (buys.Count == 0)
            return [];
        var owners = (
            await connection.QueryAsync<(int Id, byte[] Address)>(
                new CommandDefinition(
                    "SELECT account_id, address FROM accounts WHERE account_id = ANY (@ids)",
                    new { ids = buys.Select(order => order.Account.Value).ToArray() },
                    cancellationToken: cancellationToken
                )
            )
        ).ToDictionary(row => row.Id, row => new Address(row.Address));
        return [.. buys.Select(order => new Demand(owners[order.Account.Value], shard, (order.Price * order.Quantity).Micros))];
    }

    private static NpgsqlBatchCommand Insert(IReadOnlyCollection<NewChange> changes) =>
        SettlementJournal.Sql(
            """
            INSERT INTO allotment_changes (address, shard, units, block, move_to)
            SELECT u.address, u.shard, u.units, u.block, nullif(u.move_to, -1)
            FROM unnest($1::bytea[], $2::smallint[], $3::bigint[], $4::bigint[], $5::smallint[])
                u(address, shard, units, block, move_to)
            """,
            changes.Select(change => change.Account.ToBytes()).ToArray(),
            changes.Select(change => (short)change.Shard).ToArray(),
            changes.Select(change => change.Units).ToArray(),
            changes.Select(change => change.Block).ToArray(),
            changes.Select(change => (short)(change.MoveTo ?? -1)).ToArray()
        );
}
