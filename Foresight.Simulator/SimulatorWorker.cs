using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Client;
using Foresight.Protocol;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Funding;
using Foresight.Simulator.Load;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator;

/// <summary>Each stage waits for the end of an outage, so the simulator may be started before the exchange.</summary>
public sealed partial class SimulatorWorker(
    SimulatorOptions options,
    ForesightClient api,
    EthereumClient chain,
    LoadStatistics statistics,
    TimeProvider clock,
    ILogger<SimulatorWorker> logger
) : BackgroundService
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(15);

    /// <summary>Traders lock up money in shares of both outcomes; unless it is replaced, a long run comes to a halt.</summary>
    private static readonly TimeSpan TopUpInterval = TimeSpan.FromMinutes(5);

    /// <summary>One trader's balances are refreshed per interval, so that the load does not grow with the number of traders.</summary>
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        try
        {
            // Reports from the start, because they show why the API cannot be reached.
            await RunUntilOneEndsAsync(stop, TradeAsync, ReportAsync);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Log.Stopped(logger, statistics.Report());
        }
    }

    private async Task TradeAsync(CancellationToken stop)
    {
        var venue = await api.GetAsync<ChainView>("chain", stop) ?? throw new InvalidOperationException("the Api knows no chain");
        var markets = await FindMarketsAsync(stop);
        var traders = Trader.FromSeed(options.Seed, options.Traders);
        var funding = new TraderFunding(chain, options.FaucetKey, venue, api, clock);
        var plan = FundingPlan.For(traders, markets);
        await FundAsync(funding, plan, stop);
        Log.WaitingForBalances(logger, plan.Count, venue.Confirmations);
        await funding.WaitUntilSeenAsync(plan, stop);
        Log.Trading(logger, traders.Count, markets.Count, options.OrdersPerSecond, options.Seed);

        var flow = new BelievableFlow((ulong)options.Seed, options.OrdersPerSecond, markets, traders, clock);
        var generator = new LoadGenerator(
            api,
            new OrderSigner(venue.ChainId),
            flow,
            statistics,
            new LoadOptions(options.MaxInFlight, DrainTimeout: TimeSpan.FromSeconds(4), Adapt: true, CancelAtEnd: true),
            clock
        );
        await RunUntilOneEndsAsync(
            stop,
            generator.RunAsync,
            ending => RefreshHoldingsAsync(traders, ending),
            ending => KeepFundedAsync(funding, plan, ending)
        );
    }

    /// <summary>A defect in one loop ends all, so that it becomes visible.</summary>
    private static async Task RunUntilOneEndsAsync(CancellationToken stop, params Func<CancellationToken, Task>[] loops)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = loops.Select(loop => loop(ending.Token)).ToList();
        await Task.WhenAny(running);
        await ending.CancelAsync();
        await Task.WhenAll(running);
    }

    private async Task<IReadOnlyList<TradedMarket>> FindMarketsAsync(CancellationToken stop)
    {
        while (true)
        {
            var listed = await api.GetAsync<Page<MarketView>>("markets?limit=500", stop);
            var open = await OnThisChainAsync([.. listed!.Items.Where(market => market.State == "open").Select(TradedMarket.From)], stop);
            if (open.Count > 0)
                return options.Markets > 0 ? open[..Math.Min(options.Markets, open.Count)] : open;
            await Task.Delay(RetryPause, clock, stop);
        }
    }

    /// <summary>
    /// After the loss of a development chain its markets stay open for a moment after the start, but nothing can be paid for there.
    /// </summary>
    private async Task<List<TradedMarket>> OnThisChainAsync(IReadOnlyList<TradedMarket> markets, CancellationToken stop)
    {
        var there = new List<TradedMarket>();
        try
        {
            foreach (var market in markets)
            {
                if ((await chain.GetCodeAsync(Address.Parse(market.Address), BlockRef.Latest, stop)).Length > 0)
                    there.Add(market);
            }
        }
        catch (RpcUnavailableException e)
        {
            Log.ChainSilent(logger, e.Message);
            there.Clear();
        }

        return there;
    }

    private async Task FundAsync(TraderFunding funding, IReadOnlyList<TraderFunds> plan, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await funding.FundAsync(plan, stop);
                return;
            }
            catch (Exception e) when (e is RpcUnavailableException or RpcException or InvalidOperationException)
            {
                // Sent transactions remain valid, so the next attempt adds only what is missing.
                Log.FundingFailed(logger, e.Message);
                await Task.Delay(RetryPause, clock, stop);
            }
        }
    }

    private async Task KeepFundedAsync(TraderFunding funding, IReadOnlyList<TraderFunds> plan, CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(TopUpInterval, clock, stop);
            await FundAsync(funding, plan, stop);
        }
    }

    private async Task RefreshHoldingsAsync(IReadOnlyList<Trader> traders, CancellationToken stop)
    {
        for (var turn = 0; ; turn++)
        {
            await Task.Delay(RefreshInterval, clock, stop);
            var trader = traders[turn % traders.Count];
            if (await api.AccountAsync(trader.Address.ToString(), stop) is { } account)
                trader.Holdings.Refresh(account);
        }
    }

    private async Task ReportAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(ReportInterval, clock, stop);
            Log.Progress(logger, statistics.Report());
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Traders} traders trade {Markets} markets at {Rate} orders/s with seed {Seed}.")]
        public static partial void Trading(ILogger logger, int traders, int markets, double rate, long seed);

        [LoggerMessage(
            LogLevel.Information,
            "{Traders} traders are funded on chain; waiting until the exchange has seen it, {Confirmations} blocks later."
        )]
        public static partial void WaitingForBalances(ILogger logger, int traders, int confirmations);

        [LoggerMessage(LogLevel.Warning, "Failed to fund the traders; retrying: {Reason}")]
        public static partial void FundingFailed(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Warning, "Failed to read the markets from the chain; retrying: {Reason}")]
        public static partial void ChainSilent(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Information, "Load so far: {Report}.")]
        public static partial void Progress(ILogger logger, LoadReport report);

        [LoggerMessage(LogLevel.Information, "Load stopped: {Report}.")]
        public static partial void Stopped(ILogger logger, LoadReport report);
    }
}
