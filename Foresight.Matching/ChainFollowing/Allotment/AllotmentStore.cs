using Dapper;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Npgsql;

namespace Foresight.Matching.ChainFollowing.Allotment;

/// <param name="Block">In the engine's count of blocks.</param>
/// <param name="MoveTo">The shard that receives what this one gives up; null if the chain's balance itself changed.</param>
public sealed record OpenChange(long Id, Address Account, int Shard, long Units, long Block, int? MoveTo);

/// <summary>Stored before it is sent to its shard, so that a crash in between cannot lose it.</summary>
public readonly record struct NewChange(Address Account, int Shard, long Units, long Block, int? MoveTo = null);

/// <param name="Cost">In micro-USDC.</param>
public readonly record struct Demand(Address Account, int Shard, long Cost);

/// <summary>The shards' allotments and the changes under way. Reads at the primary; every write is fenced by settlement's term.</summary>
public sealed class AllotmentStore(NpgsqlDataSource primary, SettlementJournal journal)
{
    public const int MaxOpen = 4_096;

    /// <summary>Most commands of a shard searched for refused orders in one look: more than arrive between two looks.</summary>
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
                WHERE a.address = ANY (@all) AND b.market_id = 0 AND b.outcome = @collateral
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

    /// <summary>
    /// Closes changes that are done. What they freed is assigned in the same transaction, so that a crash cannot lose it.
    /// </summary>
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
