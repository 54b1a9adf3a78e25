using System.Collections.Concurrent;
using System.Net;
using Foresight.Cluster.Proof;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Foresight.Matching.Gateway;

/// <summary>
/// Anyone can connect, so nothing is read beyond the handshake before the peer has proven that it is a node of the cluster, and both the
/// number of such peers and their time are bounded.
/// </summary>
internal sealed partial class NodeConnections(NodeProof proof, PutOutNodes putOut, TimeProvider clock, ILogger<NodeConnections> logger)
{
    /// <summary>Most peers in a handshake; one more closes the oldest, see <see cref="UnprovenPeers"/>.</summary>
    public const int MaximumUnproven = 64;

    /// <summary>
    /// Most connections of one node from one host: its router needs one, a matching node's watch of the leader another, and each two while
    /// it is renewed; more are needed only after a network's fault.
    /// </summary>
    public const int MaximumOfANode = 8;

    public const int Maximum = 512;

    /// <summary>
    /// Most connections from one host: one that was broken into can take every node's name, and must not take every place.
    /// </summary>
    public const int MaximumOfAHost = Maximum / 2;

    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Age at which a node must connect, and so prove itself, again. Sound nodes renew their connections earlier by themselves.
    /// </summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<ConnectionContext, ConnectedNode> _proven = new();
    private readonly Lock _admission = new();
    private readonly UnprovenPeers _unproven = new(MaximumUnproven);
    private readonly ReportPause _dropPause = new(clock);
    private readonly ReportPause _refusePause = new(clock);

    /// <summary>Each request has the <see cref="ConnectedNode"/> of its connection as a feature; those of the probes have none.</summary>
    public void Guard(ListenOptions listen)
    {
        putOut.Added += Abort;
        listen.Protocols = HttpProtocols.Http2;
        listen.Use(next => connection => LimitAsync(connection, next));
        listen.UseHttps(
            new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = HandshakeTimeout,
                OnConnection = handshake =>
                {
                    var host = ConnectedNode.HostOf(handshake.Connection);
                    return ValueTask.FromResult(proof.ForServer(node => !putOut.Contains(node.Id, host)));
                },
            }
        );
        listen.Use(next => connection => AdmitAsync(connection, next));
    }

    private void Abort(string nodeId, IPAddress host)
    {
        foreach (var (connection, peer) in _proven)
            if (peer.Node.Id == nodeId && peer.Host.Equals(host))
                connection.Abort(new ConnectionAbortedException("The node was put out."));
    }

    private async Task LimitAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var handshake = new Handshake(_unproven.Enter(() => Drop(connection)));
        connection.Features.Set(handshake);
        try
        {
            await next(connection);
        }
        finally
        {
            _unproven.Leave(handshake.Place);
        }
    }

    private void Drop(ConnectionContext connection)
    {
        connection.Abort(new ConnectionAbortedException("Too many later peers have not proven themselves yet."));
        if (_dropPause.IsDue(out var others))
            Log.Dropped(logger, ConnectedNode.HostOf(connection), MaximumUnproven, others);
    }

    private async Task AdmitAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.Features.Get<Handshake>() is { } handshake)
            _unproven.Leave(handshake.Place);
        if (proof.Read(connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate) is not { } node)
        {
            connection.Abort(new ConnectionAbortedException("The peer is no node of the cluster."));
            return;
        }

        var peer = new ConnectedNode(node, ConnectedNode.HostOf(connection));
        if (!TryAdd(connection, peer))
        {
            connection.Abort(new ConnectionAbortedException("The node has too many connections."));
            return;
        }

        connection.Features.Set(peer);
        // A node may have been put out between its handshake and its entry above; a later one finds the entry.
        if (putOut.Contains(node.Id, peer.Host))
            connection.Abort(new ConnectionAbortedException("The node was put out."));
        await using var renewal = clock.CreateTimer(
            _ => connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose(),
            null,
            Lifetime,
            Timeout.InfiniteTimeSpan
        );
        try
        {
            await next(connection);
        }
        finally
        {
            _proven.TryRemove(connection, out _);
        }
    }

    private bool TryAdd(ConnectionContext connection, ConnectedNode peer)
    {
        lock (_admission)
        {
            var known = _proven.Values;
            if (
                known.Count < Maximum
                && known.Count(other => other.Host.Equals(peer.Host)) < MaximumOfAHost
                && known.Count(other => other == peer) < MaximumOfANode
            )
                return _proven.TryAdd(connection, peer);
        }

        if (_refusePause.IsDue(out var others))
            Log.TooMany(logger, peer.Node.Id, peer.Host, others);
        return false;
    }

    private sealed record Handshake(LinkedListNode<Action> Place);

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Gateway: {NodeId} at {Host} has too many connections; another one was refused ({Others} others since the last such line)."
        )]
        public static partial void TooMany(ILogger logger, string nodeId, IPAddress host, int others);

        [LoggerMessage(
            LogLevel.Warning,
            "Gateway: a peer at {Host} was closed before it had proven itself, because {Maximum} later ones were connecting; "
                + "{Others} others since the last such line."
        )]
        public static partial void Dropped(ILogger logger, IPAddress host, int maximum, int others);
    }
}
