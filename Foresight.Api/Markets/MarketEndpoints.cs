using Foresight.Api.MarketData;
using Foresight.Api.Markets;
using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

public static class MarketEndpoints
{
    /// <summary>Levels of a side in one answer.</summary>
    private const int MaxLevels = 1_000;

    private const int DefaultLevels = 20;

    public static WebApplicationBuilder AddMarkets(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MarketCatalog>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<MarketCatalog>());
        builder.Services.AddSingleton<MarketStatistics>();
        builder.Services.AddSingleton<TradeReader>();
        var (chainId, confirmations) = (builder.Configuration.ChainId(), builder.Configuration.Integer("SETTLEMENT_CONFIRMATIONS", 2, 0, 1000));
        builder.Services.AddSingleton(provider => new ChainContracts(provider.GetRequiredService<Database>(), chainId, confirmations));
        return builder;
    }

    public static WebApplication MapMarkets(this WebApplication app)
    {
        var markets = app.MapGroup("/markets").WithTags("Markets");
        markets.MapGet("", ListAsync).WithName("ListMarkets")
            .WithSummary("All markets, in the order they were listed.").RefusesWith(400, 503);
        markets.MapGet("/{id:int}", FindAsync).WithName("GetMarket")
            .WithSummary("One market, with its last 24 hours.").RefusesWith(404, 503);
        markets.MapGet("/{id:int}/depth", DepthAsync).WithName("GetDepth")
            .WithSummary("The book of one outcome, as of a journal position.").RefusesWith(400, 404, 422, 503);
        markets.MapGet("/{id:int}/trades", MarketTradesAsync).WithName("ListMarketTrades")
            .WithSummary("The market's trades, newest first.").RefusesWith(400, 404, 503);
        var trades = app.MapGroup("/trades").WithTags("Trades");
        trades.MapGet("", TradesAsync).WithName("ListTrades")
            .WithSummary("Trades, newest first, by market, account and settlement state.").RefusesWith(400, 422, 503);
        trades.MapGet("/{id:long}", TradeAsync).WithName("GetTrade")
            .WithSummary("One trade and how far its settlement is.").RefusesWith(404, 503);
        app.MapGet("/chain", ChainAsync).WithTags("Markets").WithName("GetChain")
            .WithSummary("What a wallet must know to fund an account and to sign.").RefusesWith(503);
        return app;
    }

    internal static Problem Unknown(int id) => Problem.NotFound($"No market has the id {id}.");

    private static async Task<Results<Ok<Page<MarketView>>, ProblemResult>> ListAsync(
        MarketCatalog catalog, MarketStatistics statistics, CancellationToken cancellation, int? limit = null, string? cursor = null)
    {
        if (RequestReading.ReadPage(limit ?? ApiLimits.MaxPageSize, cursor, out var size, out var after) is { } malformed)
            return new ProblemResult(malformed);
        // Forward, unlike the other lists: markets are few and read from the first.
        var read = (await catalog.AllAsync(cancellation)).Where(market => cursor is null || market.Id > after).Take(size + 1).ToList();
        var (markets, next) = RequestReading.Cut(read, size, market => market.Id);
        var stats = await statistics.OfAsync(markets, cancellation);
        return TypedResults.Ok(new Page<MarketView>([.. markets.Select(market => View(market, stats[market.Id]))], next));
    }

    private static async Task<Results<Ok<MarketView>, ProblemResult>> FindAsync(
        int id, MarketCatalog catalog, MarketStatistics statistics, CancellationToken cancellation)
    {
        if (await catalog.FindAsync(id, cancellation) is not { } market) return new ProblemResult(Unknown(id));
        return TypedResults.Ok(View(market, (await statistics.OfAsync([market], cancellation))[id]));
    }

    private static async Task<Results<Ok<DepthView>, ProblemResult>> DepthAsync(
        int id, MarketCatalog catalog, MarketFeed feed, CancellationToken cancellation, int outcome = 0, int levels = DefaultLevels)
    {
        if (levels is < 1 or > MaxLevels) return new ProblemResult(Problem.Malformed($"levels must be from 1 to {MaxLevels}."));
        if (await catalog.FindAsync(id, cancellation) is not { } market) return new ProblemResult(Unknown(id));
        if (outcome < 0 || outcome >= market.Outcomes.Count)
            return new ProblemResult(
                new Problem(ProblemCodes.InvalidOutcome, $"Market {id} has outcomes 0 to {market.Outcomes.Count - 1}."));
        // A book that is being rebuilt is not shown: it would look like a market that nobody trades in.
        return feed.DepthOf(id, outcome, levels) is { } depth
            ? TypedResults.Ok(depth)
            : new ProblemResult(Problem.Unavailable("The book is being read anew."));
    }

    private static async Task<Results<Ok<Page<TradeView>>, ProblemResult>> MarketTradesAsync(
        int id, HttpContext http, MarketCatalog catalog, TradeReader reader, CancellationToken cancellation, int? limit = null,
        string? cursor = null)
    {
        if (RequestReading.ReadPage(limit, cursor, out var size, out var before) is { } page) return new ProblemResult(page);
        if (RequestReading.ReadLsn(http.Request, out var after) is { } malformed) return new ProblemResult(malformed);
        if (await catalog.FindAsync(id, cancellation) is null) return new ProblemResult(Unknown(id));
        return TypedResults.Ok(
            await reader.ListAsync(new TradeFilter(id, Account: null, Settlement: null), size, before, after, cancellation));
    }

    private static async Task<Results<Ok<Page<TradeView>>, ProblemResult>> TradesAsync(
        HttpContext http, MarketCatalog catalog, TradeReader reader, CancellationToken cancellation,
        int? market = null, string? account = null, string? settlement = null, int? limit = null, string? cursor = null)
    {
        var address = default(Address);
        if (account is not null && !Address.TryParse(account, out address)) return new ProblemResult(OrderRules.NotAnAddress("account"));
        var unsettled = settlement == "unsettled";
        if (settlement is not null && !unsettled && !Names.Settlements.Contains(settlement))
            return new ProblemResult(Problem.Malformed($"settlement must be unsettled, {string.Join(", ", Names.Settlements)}."));
        if (RequestReading.ReadPage(limit, cursor, out var size, out var before) is { } page) return new ProblemResult(page);
        if (RequestReading.ReadLsn(http.Request, out var after) is { } malformed) return new ProblemResult(malformed);
        if (market is { } id && await catalog.FindAsync(id, cancellation) is null) return new ProblemResult(Unknown(id));
        var filter = new TradeFilter(market, account is null ? null : address, unsettled ? null : settlement, unsettled);
        return TypedResults.Ok(await reader.ListAsync(filter, size, before, after, cancellation));
    }

    private static async Task<Results<Ok<TradeView>, ProblemResult>> TradeAsync(
        long id, HttpContext http, TradeReader reader, CancellationToken cancellation)
    {
        if (RequestReading.ReadLsn(http.Request, out var after) is { } malformed) return new ProblemResult(malformed);
        return await reader.FindAsync(id, after, cancellation) is { } trade
            ? TypedResults.Ok(trade)
            : new ProblemResult(Problem.NotFound($"No trade has the id {id}."));
    }

    private static async Task<Results<Ok<ChainView>, ProblemResult>> ChainAsync(
        ChainContracts contracts, CancellationToken cancellation) =>
        await contracts.FindAsync(cancellation) is { } at
            ? TypedResults.Ok(new ChainView(
                contracts.ChainId, at.Factory.ToString(), at.Usdc.ToString(), at.OutcomeToken.ToString(), contracts.Confirmations))
            : new ProblemResult(Problem.Unavailable($"The contracts are not deployed on chain {contracts.ChainId} yet."));

    private static MarketView View(Market market, MarketStats stats) => new(
        market.Id, market.Address.ToString(), market.Question, market.Outcomes, Decimals.Price(market.TickSize),
        Names.OfMarketState(market.State),
        market.ClosesAt, market.ResolvedOutcome, stats);
}
