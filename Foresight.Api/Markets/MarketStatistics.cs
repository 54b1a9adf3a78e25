using System.Collections.Frozen;
using System.Globalization;
using Dapper;
using Foresight.Api.MarketData;
using Foresight.Api.Reading;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Markets;

/// <summary>
/// The last 24 hours of every market. Summing them up reads a day of trades, so it is done once for all callers and kept for a few seconds;
/// the best prices come from the live books.
/// </summary>
public sealed class MarketStatistics(Database database, MarketFeed feed, TimeProvider clock)
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim summing = new(1, 1);
    private (FrozenDictionary<int, SumRow> Rows, long At)? sums;

    public async Task<IReadOnlyDictionary<int, MarketStats>> OfAsync(IReadOnlyList<Market> markets, CancellationToken cancellation)
    {
        var rows = await SumsAsync(cancellation);
        return markets.ToDictionary(market => market.Id, market => Of(market, rows.GetValueOrDefault(market.Id)));
    }

    private MarketStats Of(Market market, SumRow? row)
    {
        var (bid, ask) = feed.BestOf(market.Id, outcome: 0);
        return new MarketStats(
            market.Id, row?.LastPriceTicks is { } last ? Decimals.Price(last) : null, Decimals.Shares(row?.Lots ?? 0),
            UsdcOf(row?.Notional ?? 0), row?.Trades ?? 0, bid is { } b ? Decimals.Price(b) : null, ask is { } a ? Decimals.Price(a) : null);
    }

    /// <summary>A day's turnover may pass 64 bits of micro-USDC.</summary>
    private static string UsdcOf(decimal micros) => (micros / 1_000_000m).ToString("0.######", CultureInfo.InvariantCulture);

    private async Task<FrozenDictionary<int, SumRow>> SumsAsync(CancellationToken cancellation)
    {
        if (sums is { } known && clock.GetElapsedTime(known.At) < FreshFor) return known.Rows;
        await summing.WaitAsync(cancellation);
        try
        {
            if (sums is { } fresh && clock.GetElapsedTime(fresh.At) < FreshFor) return fresh.Rows;
            var rows = await database.ReadAsync("market_statistics", after: null, async (connection, cancel) =>
                (await connection.QueryAsync<SumRow>(new CommandDefinition(Query, cancellationToken: cancel))).ToFrozenDictionary(row => row.MarketId), cancellation);
            sums = (rows, clock.GetTimestamp());
            return rows;
        }
        finally
        {
            summing.Release();
        }
    }

    /// <summary>In outcome 0's terms: of a binary market, what the other outcome trades at q is a trade of outcome 0 at 1 - q.</summary>
    private const string Query = """
        SELECT t.market_id, count(*) AS trades, sum(t.quantity_lots)::bigint AS lots,
               sum(t.quantity_lots::numeric * p.ticks) AS notional,
               (array_agg(p.ticks ORDER BY t.trade_id DESC))[1] AS last_price_ticks
        FROM trades t JOIN markets m USING (market_id),
             LATERAL (SELECT CASE WHEN t.taker_outcome = 1 AND cardinality(m.outcomes) = 2 THEN 10000 - t.taker_price_ticks ELSE t.taker_price_ticks END AS ticks) AS p
        WHERE t.executed_at > now() - interval '24 hours'
        GROUP BY t.market_id
        """;

    private sealed class SumRow
    {
        public int MarketId { get; init; }
        public long Trades { get; init; }
        public long Lots { get; init; }
        public decimal Notional { get; init; }
        public int? LastPriceTicks { get; init; }
    }
}
