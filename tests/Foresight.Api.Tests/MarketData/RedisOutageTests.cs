using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Foresight.Api.MarketData;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;

namespace Foresight.Api.Tests.MarketData;

public sealed class RedisOutageTests : IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CancellationTokenSource _gone = new();
    private readonly Socket _socket = new();
    private readonly ClientRegistry _clients = new();
    private readonly HubClient _client;
    private readonly RedisOutage _outage;
    private readonly Task _running;

    public RedisOutageTests()
    {
        var outbox = new ClientOutbox(_socket, new MarketDataMetrics(_services.GetRequiredService<IMeterFactory>()), TimeProvider.System);
        _client = new HubClient("one", outbox);
        _running = outbox.RunAsync(_gone.Token);
        _clients.Join(_client);
        _clients.Add(_client, new Subscription(HubEvents.Trades, 1));
        _clients.Add(_client, new Subscription(HubEvents.Trades, 2));
        _clients.Add(_client, new Subscription(HubEvents.Orders, 0, "0xab"));
        _outage = new RedisOutage(_clients);
    }

    [Fact]
    public async Task AShortOne_IsAnnouncedToNobody()
    {
        Assert.True(_outage.Begin());
        Assert.False(_outage.Begin());
        _outage.Tick();
        _outage.End();
        _outage.AnnounceEnd();
        Assert.False(_outage.IsActive);
        await AssertNextIsHeartbeatAsync();
    }

    [Fact]
    public async Task OneThatLasts_IsAnnouncedOnceToEachFollower_AndSoIsItsEnd()
    {
        _outage.Begin();
        for (var i = 0; i < 5; i++)
            _outage.Tick();
        Assert.Equal(
            [(HubEvents.Trades, "lost"), (HubEvents.Orders, "lost"), (HubEvents.TradeState, "lost"), (HubEvents.Withdrawals, "lost")],
            await NextAsync(4)
        );
        _outage.End();
        _outage.AnnounceEnd();
        _outage.AnnounceEnd();
        // Trades recover market by market, each when its gap has been read, so they are not among these.
        Assert.Equal(
            [(HubEvents.Orders, "restored"), (HubEvents.TradeState, "restored"), (HubEvents.Withdrawals, "restored")],
            await NextAsync(3)
        );
        await AssertNextIsHeartbeatAsync();
    }

    [Fact]
    public void AClientThatLeaves_FollowsNothingAnyMore()
    {
        Assert.Equal(2, _clients.CountByTopic()[HubEvents.Trades]);
        _clients.Leave(_client);
        Assert.Empty(_clients.All);
        Assert.Empty(_clients.Of(new Subscription(HubEvents.Trades, 1)));
        Assert.Equal(0, _clients.CountByTopic()[HubEvents.Trades]);
    }

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        await _running;
        _gone.Dispose();
        await _services.DisposeAsync();
    }

    /// <summary>A heartbeat is sent only after everything else, so nothing was waiting.</summary>
    private async Task AssertNextIsHeartbeatAsync()
    {
        _client.Outbox.Heartbeat();
        Assert.Equal(HubEvents.Heartbeat, (await _socket.NextAsync()).Topic);
    }

    private async Task<List<(string Topic, string State)>> NextAsync(int count)
    {
        var said = new List<(string, string)>();
        for (var i = 0; i < count; i++)
        {
            var message = await _socket.NextAsync();
            Assert.Equal(HubEvents.Continuity, message.Topic);
            var body = (ContinuityMessage)((InvocationMessage)message.Bytes.Message!).Arguments[0]!;
            said.Add((body.Topic, body.State));
        }

        return said;
    }

    private sealed class Socket : IClientSocket
    {
        private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

        private readonly Channel<SharedMessage> _written = Channel.CreateUnbounded<SharedMessage>();

        public Task<SharedMessage> NextAsync() => _written.Reader.ReadAsync().AsTask().WaitAsync(Soon);

        public ValueTask WriteAsync(SharedMessage message, CancellationToken cancellationToken) =>
            _written.Writer.WriteAsync(message, cancellationToken);

        public void Abort() => _written.Writer.TryComplete();
    }
}
