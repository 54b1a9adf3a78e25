using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Foresight.Api.MarketData;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;

namespace Foresight.Api.Tests.MarketData;

public sealed class RedisOutageTests : IAsyncDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CancellationTokenSource gone = new();
    private readonly Socket socket = new();
    private readonly ClientRegistry clients = new();
    private readonly HubClient client;
    private readonly RedisOutage outage;
    private readonly Task running;

    public RedisOutageTests()
    {
        var outbox = new ClientOutbox(socket, new MarketDataMetrics(services.GetRequiredService<IMeterFactory>()), TimeProvider.System);
        client = new HubClient("one", outbox);
        running = outbox.RunAsync(gone.Token);
        clients.Join(client);
        clients.Add(client, new Subscription(HubEvents.Trades, 1));
        clients.Add(client, new Subscription(HubEvents.Trades, 2));
        clients.Add(client, new Subscription(HubEvents.Orders, 0, "0xab"));
        outage = new RedisOutage(clients);
    }

    [Fact]
    public async Task AShortOne_IsAnnouncedToNobody()
    {
        Assert.True(outage.Begin());
        Assert.False(outage.Begin());
        outage.Tick();
        outage.End();
        outage.AnnounceEnd();
        Assert.False(outage.IsActive);
        await AssertNextIsHeartbeatAsync();
    }

    [Fact]
    public async Task OneThatLasts_IsAnnouncedOnceToEachFollower_AndSoIsItsEnd()
    {
        outage.Begin();
        for (var i = 0; i < 5; i++) outage.Tick();
        Assert.Equal([(HubEvents.Trades, "lost"), (HubEvents.Orders, "lost"), (HubEvents.TradeState, "lost")], await NextAsync(3));
        outage.End();
        outage.AnnounceEnd();
        outage.AnnounceEnd();
        // Trades are whole again market by market, each when what was missed is read.
        Assert.Equal([(HubEvents.Orders, "restored"), (HubEvents.TradeState, "restored")], await NextAsync(2));
        await AssertNextIsHeartbeatAsync();
    }

    [Fact]
    public void AClientThatLeaves_FollowsNothingAnyMore()
    {
        Assert.Equal(2, clients.CountByTopic()[HubEvents.Trades]);
        clients.Leave(client);
        Assert.Empty(clients.All);
        Assert.Empty(clients.Of(new Subscription(HubEvents.Trades, 1)));
        Assert.Equal(0, clients.CountByTopic()[HubEvents.Trades]);
    }

    public async ValueTask DisposeAsync()
    {
        await gone.CancelAsync();
        await running;
        gone.Dispose();
        await services.DisposeAsync();
    }

    /// <summary>A heartbeat goes out when everything else has: so nothing was waiting.</summary>
    private async Task AssertNextIsHeartbeatAsync()
    {
        client.Outbox.Heartbeat();
        Assert.Equal(HubEvents.Heartbeat, (await socket.NextAsync()).Topic);
    }

    private async Task<List<(string Topic, string State)>> NextAsync(int count)
    {
        var said = new List<(string, string)>();
        for (var i = 0; i < count; i++)
        {
            var message = await socket.NextAsync();
            Assert.Equal(HubEvents.Continuity, message.Topic);
            var body = (ContinuityMessage)((InvocationMessage)message.Bytes.Message!).Arguments[0]!;
            said.Add((body.Topic, body.State));
        }

        return said;
    }

    private sealed class Socket : IClientSocket
    {
        private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

        private readonly Channel<SharedMessage> written = Channel.CreateUnbounded<SharedMessage>();

        public Task<SharedMessage> NextAsync() => written.Reader.ReadAsync().AsTask().WaitAsync(Soon);

        public ValueTask WriteAsync(SharedMessage message, CancellationToken cancellation) => written.Writer.WriteAsync(message, cancellation);

        public void Abort() => written.Writer.TryComplete();
    }
}
