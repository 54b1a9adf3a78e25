using Foresight.Api.MarketData;
using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

public static class MarketEndpoints
{
    public static WebApplicationBuilder AddMarkets(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MarketCatalog>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<MarketCatalog>());
        builder.Services.AddSingleton<MarketStatistics>();
        builder.Services.AddSingleton<TradeReader>();
        var (chainId, confirmations) = (builder.Configuration.ChainId(), builder.Configuration.Confirmations());
        builder.Services.AddSingleton(provider => new ChainContracts(provider.GetRequiredService<Database>(), chainId, confirmations));
        return builder;
    }

    public static WebApplication MapMarkets(this WebApplication app)
    {
        var markets = app.MapGroup("/markets").WithTags("Markets").ChecksParameters();
        markets
            .MapGet("", ListAsync)
            .WithName("ListMarkets")
            .WithSummary("Markets, in the order they were listed, by state and text.")
            .RefusesWith(400, 503);
        markets
            .MapGet("/{id:int}", FindAsync)
            .WithName("GetMarket")
            .WithSummary("One market, with its last 24 hours.")
            .RefusesWith(404, 503);
        markets
            .MapGet("/{id:int}/depth", DepthAsync)
            .WithName("GetDepth")
            .WithSummary("The book of one outcome, as of a journal position.")
            .RefusesWith(400, 404, 422, 503);
        markets
            .MapGet("/{id:int}/trades", MarketTradesAsync)
            .WithName("ListMarketTrades")
            .WithSummary("The market's trades, newest first.")
            .RefusesWith(400, 404, 503);
        var trades = app.MapGroup("/trades").WithTags("Trades").ChecksParameters();
        trades
            .MapGet("", TradesAsync)
            .WithName("ListTrades")
            .WithSummary("Trades, newest first or as sorted, by market, account, settlement state and reason of failure.")
            .RefusesWith(400, 422, 503);
        trades
            .MapGet("/{id:long}", TradeAsync)
            .WithName("GetTrade")
            .WithSummary("One trade and how far its settlement is.")
            .RefusesWith(404, 503);
        app.MapGet("/chain", ChainAsync)
            .WithTags("Markets")
            .ChecksParameters()
            .WithName("GetChain")
            .WithSummary("What a wallet must know to fund an account and to sign.")
            .RefusesWith(400, 503);
        return app;
    }

    internal static Problem Unknown(int id) => Problem.NotFound($"No market has the id {id}.");

    private static async Task<Ok<Page<MarketView>>> ListAsync(
        [AsParameters] MarketParameters wanted,
        [AsParameters] PageParameters page,
        MarketCatalog catalog,
        MarketStatistics statistics,
        CancellationToken cancellationToken
    )
    {
        // Ascending, unlike the other lists: markets are few and read from the first one.
        var size = page.Limit ?? ApiLimits.MaxPageSize;
        var read = (await catalog.AllAsync(cancellationToken))
            .Where(market => (page.Cursor is null || market.Id > page.Before) && wanted.Matches(market))
            .Take(size + 1)
            .ToList();
        var (markets, next) = PageParameters.Cut(read, size, market => market.Id);
        var stats = await statistics.OfAsync(markets, cancellationToken);
        return TypedResults.Ok(new Page<MarketView>([.. markets.Select(market => View(market, stats[market.Id]))], next));
    }

    private static async Task<Results<Ok<MarketView>, ProblemResult>> FindAsync(
        int id,
        MarketCatalog catalog,
        MarketStatistics statistics,
        CancellationToken cancellationToken
    )
    {
        if (await catalog.FindAsync(id, cancellationToken) is not { } market)
            return new ProblemResult(Unknown(id));
        return TypedResults.Ok(View(market, (await statistics.OfAsync([market], cancellationToken))[id]));
    }

    private static async Task<Results<Ok<DepthView>, ProblemResult>> DepthAsync(
        int id,
        [AsParameters] DepthParameters asked,
        MarketCatalog catalog,
        MarketFeed feed,
        CancellationToken cancellationToken
    )
    {
        if (await catalog.FindAsync(id, cancellationToken) is not { } market)
            return new ProblemResult(Unknown(id));
        if (asked.CheckOutcome(market) is { } noOutcome)
            return new ProblemResult(noOutcome);
        // A book that is being restored is an error, not an empty list: that would look like a market without orders.
        return feed.DepthOf(id, asked.Outcome, asked.Levels) is { } depth
            ? TypedResults.Ok(depth)
            : new ProblemResult(Problem.Unavailable("The book is being read anew."));
    }

    private static Task<Results<Ok<Page<TradeView>>, ProblemResult>> MarketTradesAsync(
        int id,
        [AsParameters] PageParameters page,
        ReadAfter after,
        MarketCatalog catalog,
        TradeReader reader,
        CancellationToken cancellationToken
    ) =>
        TradesAsync(
            new TradeParameters(Market: id),
            new TradePageParameters(page.Limit, page.Cursor),
            after,
            catalog,
            reader,
            cancellationToken
        );

    private static async Task<Results<Ok<Page<TradeView>>, ProblemResult>> TradesAsync(
        [AsParameters] TradeParameters wanted,
        [AsParameters] TradePageParameters page,
        ReadAfter after,
        MarketCatalog catalog,
        TradeReader reader,
        CancellationToken cancellationToken
    )
    {
        if (wanted.Market is { } id && await catalog.FindAsync(id, cancellationToken) is null)
            return new ProblemResult(Unknown(id));
        return TypedResults.Ok(await reader.ListAsync(wanted.Filter, page.Page, after.Position, cancellationToken));
    }

    private static async Task<Results<Ok<TradeView>, ProblemResult>> TradeAsync(
        long id,
        ReadAfter after,
        TradeReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.FindAsync(id, after.Position, cancellationToken) is { } trade
            ? TypedResults.Ok(trade)
            : new ProblemResult(Problem.NotFound($"No trade has the id {id}."));

    private static async Task<Results<Ok<ChainView>, ProblemResult>> ChainAsync(
        ReadAfter after,
        ChainContracts contracts,
        MarketCatalog markets,
        CancellationToken cancellationToken
    ) =>
        await contracts.FindAsync(after.Position, cancellationToken) is { } at
            ? TypedResults.Ok(
                new ChainView(
                    contracts.ChainId,
                    at.Factory.ToString(),
                    at.Usdc.ToString(),
                    at.OutcomeToken.ToString(),
                    contracts.Confirmations,
                    at.LongestOrderLifeSeconds,
                    at.LatestExpiry,
                    markets.ExpiryMarginSeconds,
                    at.Vault?.ToString(),
                    at.WithdrawalBlocks,
                    at.WithdrawalSeconds
                )
            )
            : new ProblemResult(Problem.Unavailable($"The contracts are not deployed on chain {contracts.ChainId} yet."));

    private static MarketView View(Market market, MarketStats stats) =>
        new(
            market.Id,
            market.Address.ToString(),
            market.Question,
            market.Outcomes,
            Decimals.Price(market.TickSize),
            Names.OfMarketState(market.State),
            market.ClosesAt,
            market.ResolvedOutcome,
            stats,
            market.FirmOnly
        );
}
