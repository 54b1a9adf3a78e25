using Dapper;
using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Api.Orders;

/// <summary>A null member does not restrict.</summary>
public sealed record OrderFilter(Address? Maker, int? MarketId, short? Status);

/// <summary>Never returns signatures: with one, any holder could settle the order.</summary>
public sealed class OrderReader(Database database, MarketCatalog markets)
{
    private const string Columns = """
        o.order_id, o.order_hash, o.market_id, m.address AS market, a.address AS maker, o.outcome, o.is_buy, o.price_ticks,
        o.quantity_lots, o.filled_lots, o.reduced_lots,
        o.time_in_force, o.post_only, o.client_order_id, o.status, o.reason, o.accepted_at, o.updated_at, o.expiry, o.epoch, o.sequence,
        o.purse, o.firm_only
        FROM orders o JOIN markets m USING (market_id) JOIN accounts a USING (account_id)
        """;

    internal const string OpenQuery = $"""
        SELECT * FROM (SELECT {Columns} WHERE o.account_id = @accountId AND o.status IN (0, 1) OFFSET 0) AS open
        ORDER BY open.order_id DESC LIMIT @limit
        """;

    /// <summary>By the account's orders in their own order, of which hardly any are open.</summary>
    internal const string PastQuery = $"""
        SELECT {Columns} WHERE o.account_id = @accountId AND o.status NOT IN (0, 1) ORDER BY o.order_id DESC LIMIT @limit
        """;

    /// <param name="fromPrimary">
    /// Reads no replica. Otherwise the primary is read only if a replica does not have the order, because the replica may only lag.
    /// </param>
    public Task<OrderView?> FindAsync(Hash32 hash, NpgsqlLogSequenceNumber? after, bool fromPrimary, CancellationToken cancellationToken)
    {
        return fromPrimary
            ? database.ReadPrimaryAsync("order", ReadAsync, cancellationToken)
            : database.FindAsync("order", after, ReadAsync, cancellationToken);

        Task<OrderView?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
            OrderReader.ReadAsync(connection, hash, cancellationToken);
    }

    internal static async Task<OrderView?> ReadAsync(NpgsqlConnection connection, Hash32 hash, CancellationToken cancellationToken)
    {
        var row = await connection.QuerySingleOrDefaultAsync<OrderRow>(
            new CommandDefinition(
                $"SELECT {Columns} WHERE o.order_hash = @hash",
                new { hash = hash.ToBytes() },
                cancellationToken: cancellationToken
            )
        );
        return row is null ? null : (await WithFillsAsync(connection, [row], ApiLimits.FillsOfOrder, cancellationToken))[0];
    }

    /// <summary>
    /// The newest of the orders that an account has in the books. The inner query has no order, so that Postgres reads the fewer of the
    /// account's orders and the open ones: an account may have millions that are over.
    /// </summary>
    internal static async Task<IReadOnlyList<OrderView>> ReadOpenAsync(
        NpgsqlConnection connection,
        int accountId,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var rows = await connection.QueryAsync<OrderRow>(
            new CommandDefinition(OpenQuery, new { accountId, limit }, cancellationToken: cancellationToken)
        );
        return await WithFillsAsync(connection, rows.AsList(), ApiLimits.FillsInList, cancellationToken);
    }

    internal static async Task<IReadOnlyList<OrderView>> ReadPastAsync(
        NpgsqlConnection connection,
        int accountId,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var rows = await connection.QueryAsync<OrderRow>(
            new CommandDefinition(PastQuery, new { accountId, limit }, cancellationToken: cancellationToken)
        );
        return await WithFillsAsync(connection, rows.AsList(), ApiLimits.FillsInList, cancellationToken);
    }

    /// <summary>Newest first within a shard, shard after shard, because order ids grow with time only within their shard.</summary>
    public async Task<Page<OrderView>> ListAsync(
        OrderFilter filter,
        int size,
        long before,
        NpgsqlLogSequenceNumber? after,
        CancellationToken cancellationToken
    )
    {
        var conditions = new List<string> { "o.order_id < @before" };
        if (filter.Maker is not null)
            conditions.Add("o.account_id = (SELECT account_id FROM accounts WHERE address = @maker)");
        if (filter.MarketId is not null)
            conditions.Add("o.market_id = @market");
        if (filter.Status is not null)
            conditions.Add("o.status = @status");
        var query = $"SELECT {Columns} WHERE {string.Join(" AND ", conditions)} ORDER BY o.order_id DESC LIMIT @rows";
        var parameters = new
        {
            before,
            maker = filter.Maker?.ToBytes(),
            market = filter.MarketId,
            status = filter.Status,
            rows = size + 1,
        };
        return await database.ReadAsync(
            filter.Maker is null ? "orders" : "orders_by_user",
            after,
            async (connection, cancellationToken) =>
            {
                var read = (
                    await connection.QueryAsync<OrderRow>(new CommandDefinition(query, parameters, cancellationToken: cancellationToken))
                ).AsList();
                var (rows, next) = PageParameters.Cut(read, size, row => row.OrderId);
                return new Page<OrderView>(await WithFillsAsync(connection, rows, ApiLimits.FillsInList, cancellationToken), next);
            },
            cancellationToken
        );
    }

    private static async Task<IReadOnlyList<OrderView>> WithFillsAsync(
        NpgsqlConnection connection,
        IReadOnlyList<OrderRow> rows,
        int fillsEach,
        CancellationToken cancellationToken
    )
    {
        var traded = rows.Where(row => row.FilledLots > 0).Select(row => row.OrderId).ToArray();
        var fills =
            traded.Length == 0
                ? []
                : await connection.QueryAsync<FillRow>(
                    new CommandDefinition(
                        """
                        SELECT wanted.id AS order_id, f.trade_id, f.price_ticks, f.quantity_lots, f.is_taker, f.settlement
                        FROM unnest(@traded) AS wanted (id)
                        CROSS JOIN LATERAL (
                            SELECT f.trade_id, f.price_ticks, f.quantity_lots, f.is_taker, t.settlement
                            FROM fills f JOIN trades t USING (trade_id)
                            WHERE f.order_id = wanted.id ORDER BY f.trade_id DESC LIMIT @fillsEach) AS f
                        ORDER BY f.trade_id
                        """,
                        new { traded, fillsEach },
                        cancellationToken: cancellationToken
                    )
                );
        var byOrder = fills.ToLookup(
            fill => fill.OrderId,
            fill => new FillView(
                fill.TradeId,
                Decimals.Price(fill.PriceTicks),
                Decimals.Shares(fill.QuantityLots),
                Names.OfLiquidity(fill.IsTaker),
                fill.Settlement
            )
        );
        return [.. rows.Select(row => row.View([.. byOrder[row.OrderId]]))];
    }

    /// <summary>A caller must refuse an unknown market: an empty list would look like a market without orders.</summary>
    public async ValueTask<bool> KnowsMarketAsync(int id, CancellationToken cancellationToken) =>
        await markets.FindAsync(id, cancellationToken) is not null;

    private sealed class OrderRow
    {
        public long OrderId { get; init; }
        public byte[] OrderHash { get; init; } = [];
        public int MarketId { get; init; }
        public byte[] Market { get; init; } = [];
        public byte[] Maker { get; init; } = [];
        public short Outcome { get; init; }
        public bool IsBuy { get; init; }
        public int PriceTicks { get; init; }
        public long QuantityLots { get; init; }
        public long FilledLots { get; init; }
        public long ReducedLots { get; init; }
        public short TimeInForce { get; init; }
        public bool PostOnly { get; init; }
        public string? ClientOrderId { get; init; }
        public short Status { get; init; }
        public string? Reason { get; init; }
        public DateTime AcceptedAt { get; init; }
        public DateTime UpdatedAt { get; init; }
        public long Expiry { get; init; }
        public long Epoch { get; init; }
        public long Sequence { get; init; }
        public short Purse { get; init; }
        public bool FirmOnly { get; init; }

        public OrderView View(IReadOnlyList<FillView> fills) =>
            new(
                new Hash32(OrderHash).ToString(),
                MarketId,
                new Address(Market).ToString(),
                new Address(Maker).ToString(),
                Outcome,
                IsBuy,
                Decimals.Price(PriceTicks),
                Decimals.Shares(QuantityLots),
                Decimals.Shares(FilledLots),
                Decimals.Shares(QuantityLots - FilledLots - ReducedLots),
                Names.OfTimeInForce(TimeInForce),
                PostOnly,
                ClientOrderId,
                Names.OfOrderStatus(Status),
                Reason,
                AcceptedAt,
                UpdatedAt,
                Expiry == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(Expiry),
                fills,
                Epoch,
                Sequence,
                Names.OfPurse(Purse),
                FirmOnly
            );
    }

    private sealed class FillRow
    {
        public long OrderId { get; init; }
        public long TradeId { get; init; }
        public int PriceTicks { get; init; }
        public long QuantityLots { get; init; }
        public bool IsTaker { get; init; }
        public string Settlement { get; init; } = "";
    }
}
