using Dapper;
using Foresight.Api.Accounts;
using Foresight.Api.Markets;
using Foresight.Api.Orders;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Api.Operations.Details;

public sealed class AccountDetailReader(Database database, ChainAccountReader chain, OffenderAdministration offenders)
{
    private const int MaxRows = 100;

    /// <summary>By the account's fills and not by its trades: an account with few of them is no reason to read all trades.</summary>
    internal const string TradesQuery = $"""
        SELECT {TradeReader.Columns} JOIN (
            SELECT DISTINCT trade_id FROM fills WHERE account_id = @accountId ORDER BY trade_id DESC LIMIT @rows) f USING (trade_id)
        ORDER BY t.trade_id DESC
        """;

    /// <returns>Null if the exchange has not seen the account.</returns>
    public async Task<AccountDetail?> FindAsync(Address account, NpgsqlLogSequenceNumber? after, CancellationToken cancellationToken)
    {
        if (await database.FindAsync("account_detail", after, ReadAsync, cancellationToken) is not { } known)
            return null;
        var standing = offenders.FindAsync(account, cancellationToken);
        var balances = known.Account.Balances.Take(MaxRows).ToList();
        var onChain = await chain.ReadAsync(account, balances.Select(balance => balance.Asset), cancellationToken);
        return new AccountDetail(
            known.Account.Address,
            known.Account.ObservedBlock,
            balances,
            known.Account.Balances.Count > MaxRows,
            onChain.View,
            onChain.Unavailable,
            [.. known.OpenOrders.Take(MaxRows)],
            known.OpenOrders.Count > MaxRows,
            [.. known.Trades.Take(MaxRows)],
            known.Trades.Count > MaxRows,
            await standing,
            [.. known.PastOrders.Take(MaxRows)],
            known.PastOrders.Count > MaxRows,
            known.Purses
        );

        Task<Known?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
            AccountDetailReader.ReadAsync(connection, account, cancellationToken);
    }

    private static async Task<Known?> ReadAsync(NpgsqlConnection connection, Address account, CancellationToken cancellationToken)
    {
        if (await AccountReader.ReadAsync(connection, account, MaxRows + 1, cancellationToken) is not { } view)
            return null;
        var accountId = await connection.ExecuteScalarAsync<int>(
            new CommandDefinition(
                "SELECT account_id FROM accounts WHERE address = @address",
                new { address = account.ToBytes() },
                cancellationToken: cancellationToken
            )
        );
        var open = await OrderReader.ReadOpenAsync(connection, accountId, MaxRows + 1, cancellationToken);
        var past = await OrderReader.ReadPastAsync(connection, accountId, MaxRows + 1, cancellationToken);
        var trades = await connection.QueryAsync<TradeReader.TradeRow>(
            new CommandDefinition(TradesQuery, new { accountId, rows = MaxRows + 1 }, cancellationToken: cancellationToken)
        );
        var purses = await PurseReader.ReadAsync(connection, accountId, MaxRows, cancellationToken);
        return new Known(view, open, past, [.. trades.Select(row => row.View())], purses);
    }

    private sealed record Known(
        AccountView Account,
        IReadOnlyList<OrderView> OpenOrders,
        IReadOnlyList<OrderView> PastOrders,
        IReadOnlyList<TradeView> Trades,
        IReadOnlyList<PurseView>? Purses
    );
}
