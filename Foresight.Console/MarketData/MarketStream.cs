using System.Collections.Concurrent;
using System.Threading.Channels;
using Foresight.Console.Api;
using Foresight.Contracts;

namespace Foresight.Console.MarketData;

/// <summary>A page's interest in a market; ends when disposed.</summary>
public sealed class MarketWatch(LiveMarket market, Action end) : IDisposable
{
    public MarketSnapshot Draw() => market.Draw();

    public void Dispose() => end();
}

/// <summary>
/// The console's one connection to the market-data hub, shared by all circuits: it follows exactly the markets that some page shows,
/// goes to the next Api node when one fails, and tells the pages at most five times a second that something changed.
/// </summary>
public sealed partial class MarketStream(ApiAddresses addresses, TimeProvider clock, ILogger<MarketStream> logger) : BackgroundService
{
    private static readonly string[] Topics = ["depth", "trades", "stats"];
    private static readonly TimeSpan DrawPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RefusalPause = TimeSpan.FromSeconds(2);

    /// <summary>The hub drops a client that says nothing for 30 s.</summary>
    private static readonly TimeSpan PingPause = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<int, LiveMarket> markets = new();
    private readonly SemaphoreSlim wanted = new(0);
    private Channel<(int Market, bool Follow)>? requests;

    /// <param name="changed">Called from any thread; must return at once.</param>
    public MarketWatch Watch(int id, Action changed)
    {
        lock (gate)
        {
            var market = markets.GetOrAdd(id, new LiveMarket(id));
            market.Add(changed);
            if (market.Watchers.Count == 1)
                requests?.Writer.TryWrite((id, Follow: true));
            if (markets.Count == 1)
                wanted.Release();
            return new MarketWatch(market, () => Leave(market, changed));
        }
    }

    protected override Task ExecuteAsync(CancellationToken stopping) => Task.WhenAll(FollowAsync(stopping), DrawAsync(stopping));

    private void Leave(LiveMarket market, Action changed)
    {
        lock (gate)
        {
            market.Remove(changed);
            if (market.Watchers.Count == 0 && markets.TryRemove(KeyValuePair.Create(market.Id, market)))
            {
                requests?.Writer.TryWrite((market.Id, Follow: false));
                // Nobody looks at any market: the connection ends, and the next watcher opens one.
                if (markets.IsEmpty)
                    requests?.Writer.TryComplete();
            }
        }
    }

    private async Task FollowAsync(CancellationToken stopping)
    {
        for (var node = 0; !stopping.IsCancellationRequested;)
        {
            while (markets.IsEmpty)
                await wanted.WaitAsync(stopping);

            var address = addresses.InOrder().ElementAt(node % addresses.Count);
            try
            {
                await FollowAsync(address, stopping);
            }
            catch (HubException e)
            {
                node++;
                Log.Lost(logger, address, e.Message);
                foreach (var market in markets.Values)
                    market.Fail(e.Message);
                await Task.Delay(RetryPause, clock, stopping);
            }
        }
    }

    private async Task FollowAsync(Uri address, CancellationToken stopping)
    {
        await using var hub = await HubConnection.OpenAsync(address, stopping);
        var queue = Channel.CreateUnbounded<(int Market, bool Follow)>(new UnboundedChannelOptions { SingleReader = true });
        lock (gate)
        {
            requests = queue;
            foreach (var id in markets.Keys)
                queue.Writer.TryWrite((id, Follow: true));
        }

        Log.Connected(logger, address);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Task[] loops = [ReceiveAsync(hub, queue.Writer, either.Token), AskAsync(hub, queue.Reader, either.Token), PingAsync(hub, either.Token)];
        try
        {
            await await Task.WhenAny(loops);
        }
        finally
        {
            lock (gate)
                requests = null;
            await either.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task ReceiveAsync(HubConnection hub, ChannelWriter<(int Market, bool Follow)> asks, CancellationToken cancel)
    {
        while (true)
        {
            var message = await hub.NextAsync(cancel);
            foreach (var market in markets.Values)
                market.Heard(clock.GetUtcNow());

            if (message.Refusal is { } refusal)
                _ = RefusedAsync(refusal, asks, cancel);

            switch (message.Target)
            {
                case "depth" when message.Argument<DepthMessage>(0) is var depth && markets.TryGetValue(depth.Market, out var market):
                    if (!market.Take(depth))
                        FollowAnew(depth.Market, asks);
                    break;
                case "heartbeat":
                    foreach (var sent in message.Argument<HeartbeatMessage>(0).Markets)
                    {
                        if (markets.TryGetValue(sent.Market, out var known) && !known.Take(sent))
                        {
                            known.Fail("A change of the book is missing; a fresh one is on its way.");
                            FollowAnew(sent.Market, asks);
                        }
                    }

                    break;
                case "trades" when message.Argument<TradesMessage>(0) is var trades && markets.TryGetValue(trades.Market, out var market):
                    market.Take(trades);
                    break;
                case "trade_state" when message.Argument<TradeStatesMessage>(0) is var states && markets.TryGetValue(states.Market, out var market):
                    market.Take(states, clock.GetUtcNow());
                    break;
                case "stats" when message.Argument<StatsMessage>(0) is var stats && markets.TryGetValue(stats.Market, out var market):
                    market.Take(stats);
                    break;
                case "continuity" when message.Argument<ContinuityMessage>(0) is { Topic: "depth", State: "lost" } lost
                    && markets.TryGetValue(lost.Market, out var market):
                    market.Fail("The Api node lost messages of this market.");
                    break;
            }
        }
    }

    /// <summary>Following a market anew brings a snapshot.</summary>
    private static void FollowAnew(int market, ChannelWriter<(int Market, bool Follow)> asks)
    {
        asks.TryWrite((market, Follow: false));
        asks.TryWrite((market, Follow: true));
    }

    /// <summary>A market that the hub will not serve is the trouble of its own pages alone; the node may be able to in a moment.</summary>
    private async Task RefusedAsync(HubRefusal refusal, ChannelWriter<(int Market, bool Follow)> asks, CancellationToken cancel)
    {
        if (!int.TryParse(refusal.CallId.Split('/')[0], out var id) || !markets.TryGetValue(id, out var market))
            return;

        market.Fail(refusal.Reason);
        try
        {
            await Task.Delay(RefusalPause, clock, cancel);
            if (markets.ContainsKey(id))
                asks.TryWrite((id, Follow: true));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The connection is gone, and with it what it refused.
        }
    }

    private static async Task AskAsync(HubConnection hub, ChannelReader<(int Market, bool Follow)> asks, CancellationToken cancel)
    {
        await foreach (var (market, follow) in asks.ReadAllAsync(cancel))
        {
            foreach (var topic in Topics)
                await hub.InvokeAsync($"{market}/{topic}", follow ? "Subscribe" : "Unsubscribe", cancel, topic, market);
        }
    }

    private async Task PingAsync(HubConnection hub, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(PingPause, clock);
        while (await timer.WaitForNextTickAsync(cancel))
            await hub.PingAsync(cancel);
    }

    private async Task DrawAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(DrawPause, clock);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            foreach (var market in markets.Values.Where(market => market.TakeChanged()))
            {
                foreach (var watcher in market.Watchers)
                    watcher();
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Market data comes from {Address}.")]
        public static partial void Connected(ILogger logger, Uri address);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Market data from {Address} has stopped: {Reason}")]
        public static partial void Lost(ILogger logger, Uri address, string reason);
    }
}
