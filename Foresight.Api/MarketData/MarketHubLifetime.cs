using System.Collections.Concurrent;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Api.MarketData;

/// <summary>
/// Gives each connection its outbox and takes it away again. The hub's own ways of sending are not used: they write to one client after the
/// other, each of which may be slow, and turn a message into bytes for each group.
/// </summary>
public sealed class MarketHubLifetime : DefaultHubLifetimeManager<MarketHub>
{
    private readonly MarketFeed _feed;
    private readonly MarketDataMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly int _maxClients;
    private readonly ConcurrentDictionary<string, HubClient> _clients = new();

    public MarketHubLifetime(
        MarketFeed feed,
        MarketDataMetrics metrics,
        TimeProvider clock,
        IConfiguration configuration,
        IHostApplicationLifetime host,
        ILogger<DefaultHubLifetimeManager<MarketHub>> logger
    )
        : base(logger)
    {
        (_feed, _metrics, _clock) = (feed, metrics, clock);
        _maxClients = configuration.Integer("HUB_MAX_CLIENTS", 20_000, 1, 1_000_000);
        metrics.WatchClients(() => _clients.Count);
        host.ApplicationStopping.Register(() =>
        {
            foreach (var client in _clients.Values)
                client.Outbox.Close("going_away");
        });
    }

    public override async Task OnConnectedAsync(HubConnectionContext connection)
    {
        await base.OnConnectedAsync(connection);
        var outbox = new ClientOutbox(new HubSocket(connection), _metrics, _clock);
        var client = new HubClient(connection.ConnectionId, outbox);
        connection.Items[typeof(HubClient)] = client;
        _clients[client.Id] = client;
        _feed.Join(client);
        _ = outbox.RunAsync(connection.ConnectionAborted);
        if (_clients.Count > _maxClients)
            outbox.Close("too_many_clients");
    }

    public override Task OnDisconnectedAsync(HubConnectionContext connection)
    {
        if (_clients.TryRemove(connection.ConnectionId, out var client))
            _feed.Leave(client);
        return base.OnDisconnectedAsync(connection);
    }
}
