using System.Collections.Concurrent;
using Foresight.Api.Access;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Api.MarketData;

/// <summary>
/// Replaces SignalR's own sending, which writes to clients one after the other, so that a slow one delays the rest, and serializes a
/// message once per group. Each connection has an outbox instead, of which a node takes as many as <see cref="ClientLimits"/> permits.
/// </summary>
public sealed class MarketHubLifetime : DefaultHubLifetimeManager<MarketHub>
{
    private readonly MarketFeed _feed;
    private readonly MarketDataMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ClientLimits _limits;
    private readonly ConcurrentDictionary<string, HubClient> _clients = new();

    public MarketHubLifetime(
        MarketFeed feed,
        MarketDataMetrics metrics,
        TimeProvider clock,
        ClientLimits limits,
        IHostApplicationLifetime host,
        ILogger<DefaultHubLifetimeManager<MarketHub>> logger
    )
        : base(logger)
    {
        (_feed, _metrics, _clock, _limits) = (feed, metrics, clock, limits);
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
        var isWelcome = _limits.Enter(CallerOf(connection));
        _clients[client.Id] = client;
        _feed.Join(client);
        _ = outbox.RunAsync(connection.ConnectionAborted);
        if (!isWelcome)
            outbox.Close("too_many_clients");
    }

    public override Task OnDisconnectedAsync(HubConnectionContext connection)
    {
        if (_clients.TryRemove(connection.ConnectionId, out var client))
        {
            _feed.Leave(client);
            _limits.Leave(CallerOf(connection));
        }

        return base.OnDisconnectedAsync(connection);
    }

    private static string CallerOf(HubConnectionContext connection) =>
        CallerAddress.Of(connection.GetHttpContext()?.Connection.RemoteIpAddress);
}
