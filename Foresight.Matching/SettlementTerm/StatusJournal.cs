using System.Numerics;
using System.Text.Json;
using Foresight.Chain;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Foresight.Protocol;
using NpgsqlTypes;

namespace Foresight.Matching.SettlementTerm;

/// <param name="Undone">The followed block that the reorganisation undid, by which an operator allows it.</param>
public sealed record Halt(string Reason, Hash32 Undone);

/// <param name="Confirmed">Last block whose facts the engine has.</param>
/// <param name="SignerBalance">Wei; null if it could not be read now, which keeps the last known one.</param>
/// <param name="LowBalance">Wei, below which the signer's account needs gas money.</param>
/// <param name="Head">0 before this term has read it, which keeps what the one before has written.</param>
/// <param name="Halt">Null while settlement has not halted by itself.</param>
/// <param name="HasFollowed">False before this term has found whether it is halted, which keeps the halt of the one before.</param>
/// <param name="Error">The condition that holds settlement up; null keeps the last one visible, with its time.</param>
public sealed record SettlementStatus(
    long Head,
    long Confirmed,
    int Confirmations,
    byte[] Signer,
    BigInteger? SignerBalance,
    BigInteger LowBalance,
    Halt? Halt,
    bool HasFollowed,
    string? Error,
    IReadOnlyList<ChainEndpointView> Endpoints
);

public sealed class StatusJournal(SettlementJournal journal)
{
    public Task WriteAsync(Term term, SettlementStatus status, CancellationToken cancellationToken) =>
        journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql(
                """
                INSERT INTO settlement_status
                    (node_id, epoch, head_block, confirmed_block, confirmations, signer, signer_balance_wei, halted,
                        last_error, endpoints, last_error_at, halted_since, halted_block, head_at, low_balance_wei, balance_low_since)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $9 IS NOT NULL THEN now() END,
                    CASE WHEN $8 IS NOT NULL THEN now() END, $11, now(), $12, CASE WHEN $7 < $12 THEN now() END)
                ON CONFLICT (only_row) DO UPDATE SET node_id = excluded.node_id, epoch = excluded.epoch,
                    head_block = CASE excluded.head_block WHEN 0 THEN settlement_status.head_block ELSE excluded.head_block END,
                    confirmed_block = CASE excluded.confirmed_block
                        WHEN 0 THEN settlement_status.confirmed_block ELSE excluded.confirmed_block END,
                    confirmations = excluded.confirmations, signer = excluded.signer,
                    signer_balance_wei = COALESCE(excluded.signer_balance_wei, settlement_status.signer_balance_wei),
                    halted = CASE WHEN $13 THEN excluded.halted ELSE settlement_status.halted END,
                    halted_block = CASE WHEN $13 THEN excluded.halted_block ELSE settlement_status.halted_block END,
                    halted_since = CASE WHEN NOT $13 THEN settlement_status.halted_since WHEN excluded.halted IS NOT NULL
                        THEN COALESCE(settlement_status.halted_since, excluded.halted_since) END,
                    head_at = CASE WHEN excluded.head_block IN (0, settlement_status.head_block)
                        THEN COALESCE(settlement_status.head_at, now()) ELSE now() END,
                    low_balance_wei = excluded.low_balance_wei,
                    balance_low_since = CASE
                        WHEN COALESCE(excluded.signer_balance_wei, settlement_status.signer_balance_wei) < excluded.low_balance_wei
                        THEN COALESCE(settlement_status.balance_low_since, now()) END,
                    endpoints = excluded.endpoints, updated_at = now(),
                    last_error = COALESCE(excluded.last_error, settlement_status.last_error),
                    last_error_at = COALESCE(excluded.last_error_at, settlement_status.last_error_at)
                """,
                term.NodeId,
                term.Epoch,
                status.Head,
                status.Confirmed,
                status.Confirmations,
                status.Signer,
                Numeric(status.SignerBalance),
                SettlementJournal.TextOrNull(status.Halt?.Reason),
                SettlementJournal.TextOrNull(status.Error),
                new Npgsql.NpgsqlParameter
                {
                    Value = JsonSerializer.Serialize(status.Endpoints, JsonSerializerOptions.Web),
                    NpgsqlDbType = NpgsqlDbType.Jsonb,
                },
                new Npgsql.NpgsqlParameter
                {
                    Value = (object?)status.Halt?.Undone.ToBytes() ?? DBNull.Value,
                    NpgsqlDbType = NpgsqlDbType.Bytea,
                },
                Numeric(status.LowBalance),
                status.HasFollowed
            )
        );

    private static Npgsql.NpgsqlParameter Numeric(BigInteger? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Numeric };
}
