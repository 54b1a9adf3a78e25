using Foresight.Console.Api;
using Foresight.Console.MarketData;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Console.Tests.MarketData;

/// <summary>Against the framework's own SignalR server, so that the protocol is the real one.</summary>
public sealed class MarketStreamTests : IAsyncLifetime
{
    private FakeApi _first = null!;
    private FakeApi _second = null!;
    private MarketStream _stream = null!;

    public async Task InitializeAsync()
    {
        (_first, _second) = (await FakeApi.StartAsync(), await FakeApi.StartAsync());
        _stream = new MarketStream(
            new ApiAddresses([_first.Address, _second.Address]),
            TimeProvider.System,
            NullLogger<MarketStream>.Instance
        );
        await _stream.StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _stream.StopAsync(CancellationToken.None);
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Fact]
    public async Task Watching_BringsASnapshot_AndThenEachChange()
    {
        using var watch = new Watched(_stream, 7);
        Assert.Equal((5000, 100L, 100L), Best(await watch.UntilAsync(market => market.Failure is null)));

        await _first.Hub.SendAsync("depth", new DepthMessage(7, 1, 11, 10, false, [new LevelChange(0, true, 5100, 3)]));
        var changed = await watch.UntilAsync(market => market.Sequence == 11);
        Assert.Equal((5100, 3L, 3L), Best(changed));
        Assert.Equal(103, changed.Books[0].Bids[1].Total);
    }

    [Fact]
    public async Task ATradesStep_IsKnownAtOnce_AndCountsUntilTheTradeIsReadAnew()
    {
        using var watch = new Watched(_stream, 7);
        await watch.UntilAsync(market => market.Failure is null);
        var trade = new TradeView(42, 7, "direct", 0, "buy", "0.5", "1", DateTimeOffset.UnixEpoch, "matched", null, null, null, 1, 1);

        await _first.Hub.SendAsync("trade_state", new TradeStatesMessage(7, 3, 1, 0, [new TradeState(42, 7, "mined", null, "0xab", 9)]));
        var heard = (await watch.UntilAsync(market => market.States.ContainsKey(42))).States[42];
        var shown = heard.On(trade, readAt: heard.At.AddSeconds(-1));
        Assert.Equal(("mined", "0xab", 9L), (shown.Settlement, shown.TransactionHash, shown.BlockNumber));
        Assert.Same(trade, heard.On(trade, readAt: heard.At.AddSeconds(1)));
    }

    [Fact]
    public async Task Gap_IsHealedByAFreshSnapshot()
    {
        using var watch = new Watched(_stream, 7);
        await watch.UntilAsync(market => market.Failure is null);

        _first.Hub.Snapshot = new DepthMessage(7, 1, 40, 0, Snapshot: true, [new LevelChange(0, true, 6000, 1)]);
        await _first.Hub.SendAsync("depth", new DepthMessage(7, 1, 30, 29, false, [new LevelChange(0, true, 5100, 3)]));
        Assert.Equal((6000, 1L, 1L), Best(await watch.UntilAsync(market => market is { Sequence: 40, Failure: null })));
    }

    [Fact]
    public async Task Heartbeat_AheadOfTheBook_IsAGapToo()
    {
        using var watch = new Watched(_stream, 7);
        await watch.UntilAsync(market => market.Failure is null);

        _first.Hub.Snapshot = new DepthMessage(7, 1, 40, 0, Snapshot: true, [new LevelChange(0, true, 6000, 1)]);
        await _first.Hub.SendAsync("heartbeat", new HeartbeatMessage(DateTimeOffset.UtcNow, [new HeartbeatMarket(7, 1, 40)]));
        Assert.Equal((6000, 1L, 1L), Best(await watch.UntilAsync(market => market is { Sequence: 40, Failure: null })));
    }

    [Fact]
    public async Task NodeThatDies_IsReplacedByTheNext_AndTheBookIsStaleInBetween()
    {
        _second.Hub.Snapshot = new DepthMessage(7, 2, 50, 0, Snapshot: true, [new LevelChange(0, true, 6100, 2)]);
        using var watch = new Watched(_stream, 7);
        await watch.UntilAsync(market => market.Failure is null);

        await _first.DisposeAsync();
        var stale = await watch.UntilAsync(market => market.Failure is not null);
        Assert.Equal((5000, 100L, 100L), Best(stale));
        Assert.Equal((6100, 2L, 2L), Best(await watch.UntilAsync(market => market is { Epoch: 2, Failure: null })));
    }

    [Fact]
    public async Task RefusedMarket_SaysWhy_AndTheConnectionStays()
    {
        _first.Hub.Refusal = "invalid_market: no market has the id 99.";
        using var refused = new Watched(_stream, 99);
        Assert.Contains(
            "no market has the id 99",
            (await refused.UntilAsync(market => market.Failure?.Contains("99", StringComparison.Ordinal) == true)).Failure,
            StringComparison.Ordinal
        );

        _first.Hub.Refusal = null;
        using var watch = new Watched(_stream, 7);
        await watch.UntilAsync(market => market.Failure is null);
        Assert.Equal(0, _second.Hub.Subscriptions);
    }

    [Fact]
    public async Task LastWatcher_EndsTheConnection_AndTheNextOneGetsAFreshBook()
    {
        using (var watch = new Watched(_stream, 7))
            await watch.UntilAsync(market => market.Failure is null);
        using var again = new Watched(_stream, 7);
        await again.UntilAsync(market => market.Failure is null);
        Assert.Equal(2, _first.Hub.Subscriptions);
    }

    private static (int PriceTicks, long Lots, long Total) Best(MarketSnapshot market) =>
        (market.Books[0].Bids[0].PriceTicks, market.Books[0].Bids[0].Lots, market.Books[0].Bids[0].Total);

    private sealed class Watched : IDisposable
    {
        private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

        private readonly SemaphoreSlim _changed = new(0);
        private readonly MarketSubscription _watch;

        public Watched(MarketStream stream, int market) => _watch = stream.Watch(market, () => _changed.Release());

        public async Task<MarketSnapshot> UntilAsync(Func<MarketSnapshot, bool> condition)
        {
            using var deadline = new CancellationTokenSource(Deadline);
            while (true)
            {
                var market = _watch.Draw();
                if (condition(market))
                    return market;

                await _changed.WaitAsync(deadline.Token);
            }
        }

        public void Dispose() => _watch.Dispose();
    }
}
