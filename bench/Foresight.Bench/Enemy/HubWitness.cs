using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Foresight.Bench.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR.Client;

namespace Foresight.Bench.Enemy;

internal readonly record struct Seen<T>(T Message, long At);

/// <summary>Keeps every message with the time of its arrival, because they are compared with the journal only after the run.</summary>
internal sealed class HubWitness : IAsyncDisposable
{
    private readonly TradingStack _stack;
    private readonly IReadOnlyList<PrivateKey> _owners;
    private readonly HubConnection _hub;
    private int _lost;
    private int _reconnects;

    private HubWitness(TradingStack stack, Uri node, IReadOnlyList<PrivateKey> owners)
    {
        (_stack, Node, _owners) = (stack, node, owners);
        _hub = new HubConnectionBuilder()
            .WithUrl(new Uri(node, "hubs/market"))
            .WithAutomaticReconnect(new EndlessRetry())
            .WithServerTimeout(TimeSpan.FromSeconds(15))
            .Build();
        Keep("depth", Depth);
        Keep("trades", Trades);
        Keep("trade_state", TradeStates);
        Keep("stats", Stats);
        Keep("orders", Orders);
        foreach (var topic in NoticeTopics.All)
            Keep(topic, Notices);
        _hub.On<ContinuityMessage>("continuity", message => Interlocked.Add(ref _lost, message.State == "lost" ? 1 : 0));
        _hub.Reconnected += _ =>
        {
            Interlocked.Increment(ref _reconnects);
            return FollowAsync();
        };
    }

    public Uri Node { get; }

    public ConcurrentQueue<Seen<DepthMessage>> Depth { get; } = new();

    public ConcurrentQueue<Seen<TradesMessage>> Trades { get; } = new();

    public ConcurrentQueue<Seen<TradeStatesMessage>> TradeStates { get; } = new();

    public ConcurrentQueue<Seen<StatsMessage>> Stats { get; } = new();

    public ConcurrentQueue<Seen<OrdersMessage>> Orders { get; } = new();

    public ConcurrentQueue<Seen<JsonElement>> Notices { get; } = new();

    public IEnumerable<string> Owners => _owners.Select(owner => owner.Address.ToLowerHex());

    public int ContinuityLost => _lost;

    public int Reconnects => _reconnects;

    public static async Task<HubWitness> OpenAsync(TradingStack stack, Uri node, IReadOnlyList<PrivateKey> owners)
    {
        var witness = new HubWitness(stack, node, owners);
        await witness._hub.StartAsync();
        await witness.FollowAsync();
        return witness;
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    private void Keep<T>(string target, ConcurrentQueue<Seen<T>> into) =>
        _hub.On<T>(target, message => into.Enqueue(new Seen<T>(message, Stopwatch.GetTimestamp())));

    private async Task FollowAsync()
    {
        foreach (var market in _stack.BinaryMarkets)
        foreach (var topic in new[] { "depth", "trades", "stats" })
            await _hub.InvokeAsync("Subscribe", topic, market.Id);
        foreach (var topic in new[] { NoticeTopics.Cluster, NoticeTopics.Chain, NoticeTopics.Markets })
            await _hub.InvokeAsync("Subscribe", topic, 0);
        foreach (var owner in _owners)
        {
            var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            var address = owner.Address.ToLowerHex();
            var text = string.Create(CultureInfo.InvariantCulture, $"Foresight orders\n{address}\n{now}");
            await _hub.InvokeAsync("SubscribeOrders", address, now, Hex.Encode(PersonalMessage.Sign(text, owner)));
        }
    }

    private sealed class EndlessRetry : IRetryPolicy
    {
        public TimeSpan? NextRetryDelay(RetryContext retryContext) => TimeSpan.FromSeconds(1);
    }
}
