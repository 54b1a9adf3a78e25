using System.Text.Json;
using Foresight.Matching.ChainReading;
using Npgsql;
using static Foresight.Matching.Reconciliation.ReconciliationJournal;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// Written in the transaction that ends a run: who has had money in the vault, so that the next run reads only later events, and the totals
/// that everybody may ask for.
/// </summary>
internal static class VaultStatements
{
    private const string Generation = "(SELECT max(generation) FROM deployments)";

    public static IEnumerable<NpgsqlBatchCommand> Keep(VaultCheck check)
    {
        var (accounts, markets) = (check.Scan.Accounts.ToList(), check.Scan.Markets.ToList());
        // What a reorganisation undid was read again, at another block or not at all.
        yield return Sql("DELETE FROM vault_accounts WHERE generation <> (SELECT max(generation) FROM deployments)");
        yield return Sql("DELETE FROM vault_markets WHERE generation <> (SELECT max(generation) FROM deployments)");
        yield return Sql(
            $"""
            INSERT INTO vault_accounts AS a (generation, address, block_number)
            SELECT {Generation}, u.address, u.block FROM unnest($1::bytea[], $2::bigint[]) AS u (address, block)
            ON CONFLICT (generation, address) DO UPDATE SET block_number = excluded.block_number
                WHERE a.block_number <> excluded.block_number
            """,
            new NpgsqlParameter { Value = accounts.Select(one => one.Key.ToBytes()).ToArray() },
            new NpgsqlParameter { Value = accounts.Select(one => one.Value).ToArray() }
        );
        yield return Sql(
            $"""
            INSERT INTO vault_markets AS m (generation, address, outcomes, block_number)
            SELECT {Generation}, u.address, u.outcomes, u.block
            FROM unnest($1::bytea[], $2::smallint[], $3::bigint[]) AS u (address, outcomes, block)
            ON CONFLICT (generation, address) DO UPDATE SET outcomes = excluded.outcomes, block_number = excluded.block_number
                WHERE m.block_number <> excluded.block_number
            """,
            new NpgsqlParameter { Value = markets.Select(one => one.Key.ToBytes()).ToArray() },
            new NpgsqlParameter { Value = markets.Select(one => (short)one.Value.Outcomes).ToArray() },
            new NpgsqlParameter { Value = markets.Select(one => one.Value.Block).ToArray() }
        );
        yield return Sql(
            """
            INSERT INTO chain_cursors (name, block_number, block_hash) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET block_number = excluded.block_number, block_hash = excluded.block_hash, updated_at = now()
            """,
            Text(ChainCursors.Vault),
            Number(check.Scan.To.Number),
            new NpgsqlParameter { Value = check.Scan.To.Hash.ToBytes() }
        );
        if (check.Totals is { } totals)
            yield return Sql(
                $"""
                INSERT INTO vault_totals (generation, totals) VALUES ({Generation}, $1::jsonb)
                ON CONFLICT (only_row) DO UPDATE SET generation = excluded.generation, totals = excluded.totals
                """,
                Text(JsonSerializer.Serialize(totals, JsonSerializerOptions.Web))
            );
    }
}
