using Dapper;
using Npgsql;

namespace Foresight.Api.Operations;

internal static class BriefTransactions
{
    /// <summary>
    /// For acts of operators, whose rows a leader or settlement waits for: a node that freezes within the transaction must not keep them,
    /// so the server ends it after a second of silence.
    /// </summary>
    public static async Task<NpgsqlTransaction> BeginBriefTransactionAsync(
        this NpgsqlConnection connection,
        CancellationToken cancellationToken
    )
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(
            new CommandDefinition(
                "SET LOCAL idle_in_transaction_session_timeout = '1s'",
                transaction: transaction,
                cancellationToken: cancellationToken
            )
        );
        return transaction;
    }
}
