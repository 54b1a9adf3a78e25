using System.Collections.Concurrent;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Api.MarketData;

/// <summary>
/// Creates and removes the outbox of each connection, of which a node takes <c>HUB_MAX_CLIENTS</c>. It replaces SignalR's own sending,
/// which writes to clients one after the other, so that a slow one delays the rest, and serializes a message once per group.
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
