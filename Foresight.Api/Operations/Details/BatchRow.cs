using Dapper;
using Foresight.Chain;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Api.Operations.Details;

internal sealed class BatchRow
{
    /// <summary>Never the signed bytes: with them, any holder could send the transaction.</summary>
    public const string Columns = """
        b.batch_id, b.market_id, b.signer, b.nonce, b.tx_hash, b.state, b.trades, b.block_number, b.gas_limit, b.gas_used,
        b.max_fee_wei::text AS max_fee_wei, b.priority_fee_wei::text AS priority_fee_wei, b.error, b.created_at, b.broadcast_at,
        b.mined_at, b.updated_at, b.epoch,
        (SELECT count(*)::int FROM settlement_batches f
            WHERE f.signer = b.signer AND f.nonce = b.nonce AND f.generation = b.generation) AS transactions
        FROM settlement_batches b
        """;

    private const int MaxOthers = 20;

    /// <summary>The generation too: a new development chain begins its nonces again.</summary>
    public const string OthersQuery = $"""
        SELECT {Columns} JOIN settlement_batches own ON own.signer = b.signer AND own.nonce = b.nonce AND own.generation = b.generation
        WHERE own.batch_id = @batchId AND b.batch_id <> own.batch_id ORDER BY b.batch_id DESC LIMIT @MaxOthers
        """;

    public long BatchId { get; init; }
    public int? MarketId { get; init; }
    public byte[] Signer { get; init; } = [];
    public long Nonce { get; init; }
    public byte[] TxHash { get; init; } = [];
    public string State { get; init; } = "";
    public int Trades { get; init; }
    public long? BlockNumber { get; init; }
    public long GasLimit { get; init; }
    public long? GasUsed { get; init; }
    public string MaxFeeWei { get; init; } = "";
    public string PriorityFeeWei { get; init; } = "";
    public string? Error { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime? BroadcastAt { get; init; }
    public DateTime? MinedAt { get; init; }
    public DateTime UpdatedAt { get; init; }
    public int Transactions { get; init; }
    public long Epoch { get; init; }

    public static async Task<IReadOnlyList<BatchView>> OthersAsync(
        NpgsqlConnection connection,
        long batchId,
        CancellationToken cancellationToken
    ) =>
        [
            .. (
                await connection.QueryAsync<BatchRow>(
                    new CommandDefinition(OthersQuery, new { batchId, MaxOthers }, cancellationToken: cancellationToken)
                )
            ).Select(row => row.View()),
        ];

    public BatchView View() =>
        new(
            BatchId,
            MarketId,
            new Address(Signer).ToString(),
            Nonce,
            new Hash32(TxHash).ToString(),
            State,
            Trades,
            BlockNumber,
            GasLimit,
            GasUsed,
            MaxFeeWei,
            PriorityFeeWei,
            Error,
            CreatedAt,
            BroadcastAt,
            MinedAt,
            UpdatedAt,
            Transactions,
            Epoch
        );
}
