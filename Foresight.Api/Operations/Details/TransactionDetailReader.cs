using Dapper;
using Foresight.Api.Markets;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Api.Operations.Details;

public sealed class TransactionDetailReader(Database database)
{
    private const int MaxTrades = 100;

    internal const string BatchQuery = $"SELECT {BatchRow.Columns} WHERE b.tx_hash = @hash";

    internal const string TradesQuery = $"SELECT {TradeReader.Columns} WHERE t.batch_id = @batchId ORDER BY t.trade_id LIMIT @rows";

    /// <returns>Null if settlement has not signed it.</returns>
    public async Task<TransactionDetail?> FindAsync(Hash32 hash, NpgsqlLogSequenceNumber? after, CancellationToken cancellationToken)
    {
        return await database.FindAsync("transaction", after, ReadAsync, cancellationToken);

        async Task<TransactionDetail?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
        {
            var row = await connection.QuerySingleOrDefaultAsync<BatchRow>(
                new CommandDefinition(BatchQuery, new { hash = hash.ToBytes() }, cancellationToken: cancellationToken)
            );
            if (row is null)
                return null;
            var trades = (
                await connection.QueryAsync<TradeReader.TradeRow>(
                    new CommandDefinition(
                        TradesQuery,
                        new { batchId = row.BatchId, rows = MaxTrades + 1 },
                        cancellationToken: cancellationToken
                    )
                )
            ).AsList();
            return new TransactionDetail(
                row.View(),
                await BatchRow.OthersAsync(connection, row.BatchId, cancellationToken),
                [.. trades.Take(MaxTrades).Select(trade => trade.View())],
                trades.Count > MaxTrades
            );
        }
    }
}
