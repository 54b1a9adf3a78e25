using System.Globalization;
using Foresight.Protocol;

namespace Foresight.Console.Api;

public sealed partial class ForesightApiClient
{
    public Task<LookupView> LookUpAsync(string text, CancellationToken cancellationToken) =>
        GetAsync<LookupView>(Query("admin/lookup", ("q", text)), cancellationToken);

    public Task<OrderDetail> GetOrderAsync(string hash, CancellationToken cancellationToken) =>
        GetAsync<OrderDetail>($"admin/orders/{Uri.EscapeDataString(hash)}", cancellationToken);

    public Task<AccountDetail> GetAccountAsync(string address, CancellationToken cancellationToken) =>
        GetAsync<AccountDetail>($"admin/accounts/{Uri.EscapeDataString(address)}", cancellationToken);

    /// <summary>The newest first.</summary>
    /// <param name="status">Null: any.</param>
    public Task<Page<OrderView>> GetOrdersAsync(
        string maker,
        string? status,
        string? cursor,
        int limit,
        CancellationToken cancellationToken
    ) =>
        GetPageAsync<OrderView>(
            Query("orders", ("maker", maker), ("status", status), ("limit", $"{limit}"), ("cursor", cursor)),
            cancellationToken
        );

    /// <param name="id">As it stands in a page's address; one that is no number is refused as the Api refuses other malformed ids.</param>
    public Task<TradeDetail> GetTradeAsync(string id, CancellationToken cancellationToken) =>
        long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? GetAsync<TradeDetail>($"admin/trades/{number.ToString(CultureInfo.InvariantCulture)}", cancellationToken)
            : throw new ApiRefusedException(400, ProblemCodes.MalformedRequest, "A trade's id is a number.");

    public Task<DatabaseDetail> GetDatabaseDetailAsync(CancellationToken cancellationToken) =>
        GetAsync<DatabaseDetail>("admin/database", cancellationToken);

    public Task<TransactionDetail> GetTransactionAsync(string hash, CancellationToken cancellationToken) =>
        GetAsync<TransactionDetail>($"admin/transactions/{Uri.EscapeDataString(hash)}", cancellationToken);
}
