using System.Collections.Concurrent;
using System.Threading.Channels;
using Foresight.Console.Api;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace Foresight.Console.MarketData;

public sealed class MarketSubscription(LiveMarket market, Action end) : IDisposable
{
    public MarketSnapshot Draw() => market.Draw();

    public void Dispose() => end();
}

/// <summary>
/// One connection serves all circuits, so that an open page costs the hub nothing. It follows exactly the markets that open pages show,
/// moves to the next Api node on failure, and notifies pages at most five times a second.
/// </summary>
public sealed partial class MarketStream(ApiAddresses addresses, TimeProvider clock, ILogger<MarketStream> logger) : BackgroundService
{
    private static readonly string[] Topics = [HubEvents.Depth, HubEvents.Trades, HubEvents.Stats];
    private static readonly TimeSpan DrawPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RefusalPause = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ConnectBound = TimeSpan.FromSeconds(3);

    /// <summary>The hub sends a heartbeat each second, so a longer silence counts as an outage even if the socket is open.</summary>
    private static readonly TimeSpan SilenceBound = TimeSpan.FromSeconds(5);

    /// <summary>Must be below the 30 s of silence after which the hub closes a connection.</summary>
    private static readonly TimeSpan PingPause = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<int, LiveMarket> _markets = new();
    private readonly SemaphoreSlim _wanted = new(0);
    private Channel<(int Market, bool Follow)>? _requests;

    /// <param name="changed">Called from any thread; must not block.</param>
    public MarketSubscription Watch(int id, Action changed)
    {
        lock (_gate)
        {
            var market = _markets.GetOrAdd(id, new LiveMarket(id));
            market.Add(changed);
            if (market.Watchers.Count == 1)
                _requests?.Writer.TryWrite((id, Follow: true));
            if (_markets.Count == 1)
                _wanted.Release();
            return new MarketSubscription(market, () => Leave(market, changed));
        }
    }

    protected override Task ExecuteAsync(CancellationToken stopping) => Task.WhenAll(FollowAsync(stopping), DrawAsync(stopping));

    private void Leave(LiveMarket market, Action changed)
    {
        lock (_gate)
        {
            market.Remove(changed);
            if (market.Watchers.Count == 0 && _markets.TryRemove(KeyValuePair.Create(market.Id, market)))
            {
                _requests?.Writer.TryWrite((market.Id, Follow: false));
                // No page watches a market, so the connection ends; the next subscription opens one.
                if (_markets.IsEmpty)
                    _requests?.Writer.TryComplete();
            }
        }
    }

    private async Task FollowAsync(CancellationToken stopping)
    {
        var node = 0;
        while (!stopping.IsCancellationRequested)
        {
            while (_markets.IsEmpty)
                await _wanted.WaitAsync(stopping);

            var address = addresses.InOrder().ElementAt(node % addresses.Count);
            if (await FollowAsync(address, stopping) is not { } failure)
                continue;

            node++;
            Log.Lost(logger, address, failure);
            foreach (var market in _markets.Values)
                market.Fail(failure);
            await Task.Delay(RetryPause, clock, stopping);
        }
    }

    private async Task<string?> FollowAsync(Uri address, CancellationToken stopping)
    {
        await using var hub = ConnectionTo(address);
        var closed = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        hub.Closed += error =>
        {
            closed.TrySetResult(error);
            return Task.CompletedTask;
        };
        var queue = Channel.CreateUnbounded<(int Market, bool Follow)>(new UnboundedChannelOptions { SingleReader = true });
        Listen(hub, queue.Writer);
        try
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            bound.CancelAfter(ConnectBound);
            await hub.StartAsync(bound.Token);
        }
        catch (Exception error) when (!stopping.IsCancellationRequested)
        {
            // Any failure of transport, socket or handshake has the same remedy: try the next node.
            Log.NotOpened(logger, error, address);
            return "The hub cannot be reached.";
        }

        lock (_gate)
        {
            _requests = queue;
            foreach (var id in _markets.Keys)
                queue.Writer.TryWrite((id, Follow: true));
        }

        Log.Connected(logger, address);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var asking = AskAsync(hub, queue, either.Token);
        try
        {
            await Task.WhenAny(asking, closed.Task).WaitAsync(stopping);
            if (asking.IsCompletedSuccessfully)
                return null;

            return closed.Task.IsCompleted && await closed.Task is TimeoutException
                ? $"The hub has been silent for {SilenceBound.TotalSeconds:0} s."
                : "The connection to the hub broke.";
        }
        finally
        {
            lock (_gate)
                _requests = null;
            await either.CancelAsync();
            await asking.ContinueWith(
                _ => { },
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default
            );
        }
    }

    private static HubConnection ConnectionTo(Uri address)
    {
        var hub = new HubConnectionBuilder()
            .WithUrl(
                new Uri(address, "hubs/market"),
                HttpTransportType.WebSockets,
                options =>
                {
                    options.SkipNegotiation = true;
                    options.WebSocketConfiguration = socket => socket.Proxy = null;
                }
            )
            .AddMessagePackProtocol()
            .Build();
        // SignalR's automatic reconnect would retry the same node; the next one is available already.
        hub.ServerTimeout = SilenceBound;
        hub.KeepAliveInterval = PingPause;
        return hub;
    }

    private void Listen(HubConnection hub, ChannelWriter<(int Market, bool Follow)> asks)
    {
        On<DepthMessage>(
            HubEvents.Depth,
            depth =>
            {
                if (_markets.TryGetValue(depth.Market, out var market) && !market.Take(depth))
                    FollowAnew(depth.Market, asks);
            }
        );
        On<HeartbeatMessage>(
            HubEvents.Heartbeat,
            heartbeat =>
            {
                foreach (var sent in heartbeat.Markets)
                {
                    if (!_markets.TryGetValue(sent.Market, out var known) || known.Take(sent))
                        continue;

                    known.Fail("A change of the book is missing; a fresh one is on its way.");
                    FollowAnew(sent.Market, asks);
                }
            }
        );
        On<TradesMessage>(HubEvents.Trades, trades => _markets.GetValueOrDefault(trades.Market)?.Take(trades));
        On<TradeStatesMessage>(HubEvents.TradeState, states => _markets.GetValueOrDefault(states.Market)?.Take(states, clock.GetUtcNow()));
        On<StatsMessage>(HubEvents.Stats, stats => _markets.GetValueOrDefault(stats.Market)?.Take(stats));
        On<ContinuityMessage>(
            HubEvents.Continuity,
            message =>
            {
                if (message is { Topic: HubEvents.Depth, State: ContinuityStates.Lost })
                    _markets.GetValueOrDefault(message.Market)?.Fail("The Api node lost messages of this market.");
            }
        );

        void On<T>(string target, Action<T> take) =>
            hub.On<T>(
                target,
                message =>
                {
                    foreach (var market in _markets.Values)
                        market.Heard(clock.GetUtcNow());
                    take(message);
                }
            );
    }

    /// <summary>The hub sends a snapshot only on a new subscription, so the old one is ended.</summary>
    private static void FollowAnew(int market, ChannelWriter<(int Market, bool Follow)> asks)
    {
        asks.TryWrite((market, Follow: false));
        asks.TryWrite((market, Follow: true));
    }

    private async Task AskAsync(HubConnection hub, Channel<(int Market, bool Follow)> asks, CancellationToken cancellationToken)
    {
        await foreach (var (market, follow) in asks.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                foreach (var topic in Topics)
                    await hub.InvokeAsync(follow ? "Subscribe" : "Unsubscribe", topic, market, cancellationToken);
            }
            catch (HubException refusal)
            {
                _ = RefusedAsync(market, refusal.Message, asks.Writer, cancellationToken);
            }
        }
    }

    /// <summary>
    /// A market that the hub refuses affects only its own pages, and is asked for again, because the node may serve it later.
    /// </summary>
    private async Task RefusedAsync(
        int id,
        string reason,
        ChannelWriter<(int Market, bool Follow)> asks,
        CancellationToken cancellationToken
    )
    {
        _markets.GetValueOrDefault(id)?.Fail(reason);
        try
        {
            await Task.Delay(RefusalPause, clock, cancellationToken);
            if (_markets.ContainsKey(id))
                asks.TryWrite((id, Follow: true));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Expected: the connection is closed, and the refusal with it.
        }
    }

    private async Task DrawAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(DrawPause, clock);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            foreach (var market in _markets.Values.Where(market => market.TakeChanged()))
            {
                foreach (var watcher in market.Watchers)
                    watcher();
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Connected to market data at {Address}.")]
        public static partial void Connected(ILogger logger, Uri address);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Failed to connect to the hub at {Address}.")]
        public static partial void NotOpened(ILogger logger, Exception error, Uri address);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Lost market data from {Address}: {Reason}")]
        public static partial void Lost(ILogger logger, Uri address, string reason);
    }
}
