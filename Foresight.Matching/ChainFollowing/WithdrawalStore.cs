using Dapper;
using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Npgsql;

namespace Foresight.Matching.ChainFollowing;

/// <param name="PaidBlock">Null if the vault has not paid it.</param>
public sealed record OpenWithdrawal(Address Account, ulong Nonce, int Shard, long? PaidBlock);

/// <summary>Co-signed withdrawals whose money the engine holds until nothing can change any more what became of them.</summary>
public sealed class WithdrawalStore(NpgsqlDataSource primary)
{
    /// <summary>The next step takes the rest.</summary>
    private const int MostPerStep = 10_000;

    /// <summary>Paid in a block that no reorganisation undoes any more.</summary>
    public Task<IReadOnlyList<OpenWithdrawal>> ReadFinallyPaidAsync(long finalBlock, CancellationToken cancellationToken) =>
        ReadOpenAsync("w.paid_block <= @finalBlock ORDER BY w.paid_block", new { finalBlock, MostPerStep }, cancellationToken);

    /// <param name="time">Unix seconds, of a block that no reorganisation undoes any more.</param>
    public Task<IReadOnlyList<OpenWithdrawal>> ReadLapsedAsync(long time, CancellationToken cancellationToken) =>
        ReadOpenAsync(
            "w.paid_block IS NULL AND w.deadline < to_timestamp(@time) ORDER BY w.deadline",
            new { time, MostPerStep },
            cancellationToken
        );

    /// <summary>What the followed blocks have paid of it, and the engine holds still.</summary>
    public async Task<IReadOnlyDictionary<AssetKey, long>> ReadPaidAsync(
        IReadOnlyCollection<Address> accounts,
        CancellationToken cancellationToken
    ) =>
        accounts.Count == 0
            ? new Dictionary<AssetKey, long>()
            : await ReadUnitsAsync(
                "w.paid_block IS NOT NULL AND a.address = ANY (@accounts)",
                new { accounts = accounts.Select(account => account.ToBytes()).ToArray() },
                cancellationToken
            );

    /// <param name="spent">Of blocks that are not followed yet.</param>
    public async Task<IReadOnlyDictionary<AssetKey, long>> ReadSpentAsync(
        IReadOnlyCollection<SpentCoSignature> spent,
        CancellationToken cancellationToken
    )
    {
        var known = spent.Where(one => one.Nonce <= ulong.MaxValue).ToList();
        return known.Count == 0
            ? new Dictionary<AssetKey, long>()
            : await ReadUnitsAsync(
                "w.paid_block IS NULL AND (a.address, w.nonce) IN (SELECT * FROM unnest(@accounts, @nonces))",
                new
                {
                    accounts = known.Select(one => one.Account.ToBytes()).ToArray(),
                    nonces = known.Select(one => unchecked((long)(ulong)one.Nonce)).ToArray(),
                },
                cancellationToken
            );
    }

    private async Task<IReadOnlyList<OpenWithdrawal>> ReadOpenAsync(string which, object values, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Address, long Nonce, short Shard, long? Paid)>(
            new CommandDefinition(
                $"""
                SELECT a.address, w.nonce, w.shard, w.paid_block FROM withdrawals w JOIN accounts a USING (account_id)
                WHERE w.state = 0 AND {which} LIMIT @MostPerStep
                """,
                values,
                cancellationToken: cancellationToken
            )
        );
        return [.. rows.Select(r => new OpenWithdrawal(new Address(r.Address), unchecked((ulong)r.Nonce), r.Shard, r.Paid))];
    }

    private async Task<IReadOnlyDictionary<AssetKey, long>> ReadUnitsAsync(string which, object values, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Address, int Market, short Outcome, long Units)>(
            new CommandDefinition(
                $"""
                SELECT a.address, w.market_id, w.outcome, sum(w.units)::bigint FROM withdrawals w JOIN accounts a USING (account_id)
                WHERE w.state = 0 AND {which} GROUP BY a.address, w.market_id, w.outcome
                """,
                values,
                cancellationToken: cancellationToken
            )
        );
        return rows.ToDictionary(r => new AssetKey(new Address(r.Address), r.Market, r.Outcome, Engine.Purse.Vault), r => r.Units);
    }
}
