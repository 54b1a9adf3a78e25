using Dapper;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Api.Markets;

/// <summary>A null member does not restrict.</summary>
/// <param name="Unsettled">True: only trades that are neither final nor failed.</param>
/// <param name="Reason">What a failed trade failed by, without the detail after its colon.</param>
public sealed record TradeFilter(int? MarketId, Address? Account, string? Settlement, bool Unsettled = false, string? Reason = null);

/// <param name="Sort">One of <see cref="TradeSorts"/>.</param>
/// <param name="After">Place of the last row on the previous page; null for the first page.</param>
public sealed record TradePage(string Sort, int Size, IReadOnlyList<long>? After);

/// <summary>
/// By trade: newest first within a shard, shard after shard, because trade ids grow with time only within their shard.
/// </summary>
public sealed class TradeReader(Database database)
{
    internal const string Columns = """
        t.trade_id, t.market_id, t.kind, t.taker_outcome, t.taker_is_buy, t.taker_price_ticks, t.quantity_lots, t.executed_at, t.settlement,
        t.settlement_reason, t.tx_hash, t.block_number, t.epoch, t.sequence, t.firm
        FROM trades t
        """;

    /// <summary>Of a failed trade; as the index trades_failed_by_reason has it.</summary>
    internal const string FailureReason = "coalesce(split_part(settlement_reason, ':', 1), 'unknown')";

    public Task<TradeView?> FindAsync(long tradeId, NpgsqlLogSequenceNumber? after, CancellationToken cancellationToken) =>
        database.FindAsync(
            "trade",
            after,
            (connection, cancellationToken) => ReadAsync(connection, tradeId, cancellationToken),
            cancellationToken
        );

    internal static async Task<TradeView?> ReadAsync(NpgsqlConnection connection, long tradeId, CancellationToken cancellationToken) =>
        (
            await connection.QuerySingleOrDefaultAsync<TradeRow>(
                new CommandDefinition(
                    $"SELECT {Columns} WHERE t.trade_id = @tradeId",
                    new { tradeId },
                    cancellationToken: cancellationToken
                )
            )
        )?.View();

    public async Task<Page<TradeView>> ListAsync(
        TradeFilter filter,
        TradePage page,
        NpgsqlLogSequenceNumber? after,
        CancellationToken cancellationToken
    )
    {
        var conditions = new List<string> { "true" };
        if (filter.MarketId is not null)
            conditions.Add("t.market_id = @market");
        if (filter.Settlement is not null)
            conditions.Add("t.settlement = @settlement");
        if (filter.Unsettled)
            conditions.Add($"t.settlement NOT IN ('{TradeStates.Final}', '{TradeStates.Failed}')");
        if (filter.Reason is not null)
            conditions.Add($"t.settlement = '{TradeStates.Failed}' AND {FailureReason} = @reason");
        // EXISTS and not a join: an account can be on both sides of a trade through different orders, and a join would return
        // the trade twice.
        if (filter.Account is not null)
            conditions.Add(
                """
                EXISTS (SELECT FROM fills f WHERE f.trade_id = t.trade_id
                    AND f.account_id = (SELECT account_id FROM accounts WHERE address = @account))
                """
            );
        var order = TradeOrder.Of(page.Sort);
        var place = order.PlaceOf(page.After);
        var parameters = new
        {
            first = place[0],
            second = place[^1],
            places = place,
            market = filter.MarketId,
            settlement = filter.Settlement,
            reason = filter.Reason,
            account = filter.Account?.ToBytes(),
            rows = page.Size + 1,
        };
        var query = order.Query(string.Join(" AND ", conditions));
        var name =
            filter.Account is not null ? "trades_by_user"
            : filter.Unsettled ? "unsettled_trades"
            : "recent_trades";
        return await database.ReadAsync(
            name,
            after,
            async (connection, cancellationToken) =>
            {
                var read = (
                    await connection.QueryAsync<TradeRow>(new CommandDefinition(query, parameters, cancellationToken: cancellationToken))
                ).AsList();
                var (rows, next) = order.Cut(read, page.Size, place);
                return new Page<TradeView>([.. rows.Select(row => row.View())], next);
            },
            cancellationToken
        );
    }

    /// <summary>Reads the primary, because a replica may not have the trades of a gap yet. Oldest first.</summary>
    public Task<IReadOnlyList<TradeView>> BetweenAsync(
        int marketId,
        long afterSequence,
        long upToSequence,
        int limit,
        CancellationToken cancellationToken
    ) =>
        database.ReadPrimaryAsync(
            "trades_between",
            async (connection, cancellationToken) =>
            {
                var rows = await connection.QueryAsync<TradeRow>(
                    new CommandDefinition(
                        $"""
                        SELECT * FROM (
                            SELECT {Columns} WHERE t.market_id = @marketId AND t.sequence > @afterSequence AND t.sequence <= @upToSequence
                            ORDER BY t.trade_id DESC LIMIT @limit) AS newest
                        ORDER BY trade_id
                        """,
                        new
                        {
                            marketId,
                            afterSequence,
                            upToSequence,
                            limit,
                        },
                        cancellationToken: cancellationToken
                    )
                );
                return (IReadOnlyList<TradeView>)[.. rows.Select(row => row.View())];
            },
            cancellationToken
        );

    internal sealed class TradeRow
    {
        public long TradeId { get; init; }
        public int MarketId { get; init; }
        public short Kind { get; init; }
        public short TakerOutcome { get; init; }
        public bool TakerIsBuy { get; init; }
        public int TakerPriceTicks { get; init; }
        public long QuantityLots { get; init; }
        public DateTime ExecutedAt { get; init; }
        public string Settlement { get; init; } = "";
        public string? SettlementReason { get; init; }
        public byte[]? TxHash { get; init; }
        public long? BlockNumber { get; init; }
        public long Epoch { get; init; }
        public long Sequence { get; init; }
        public bool Firm { get; init; }

        public TradeView View() =>
            new(
                TradeId,
                MarketId,
                Names.OfTradeKind(Kind),
                TakerOutcome,
                Names.OfSide(TakerIsBuy),
                Decimals.Price(TakerPriceTicks),
                Decimals.Shares(QuantityLots),
                ExecutedAt,
                Settlement,
                SettlementReason,
                TxHash is null ? null : new Hash32(TxHash).ToString(),
                BlockNumber,
                Epoch,
                Sequence,
                Firm
            );
    }
}
