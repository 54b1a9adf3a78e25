using System.Net;
using Foresight.Protocol;

namespace Foresight.Matching.Gateway;

/// <summary>
/// Nodes are put out by name and host. A holder of the cluster's secret can take another name: while any node is out, every signature of
/// every node is checked; and the name of an honest node is put out only at the host from which it was misused.
/// </summary>
internal sealed class PutOutNodes(TimeProvider clock)
{
    public static readonly TimeSpan Duration = TimeSpan.FromMinutes(5);

    /// <summary>Bounds the memory that invented names can take. Beyond it the one whose time ends first is forgotten.</summary>
    public const int Maximum = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string NodeId, IPAddress Host), PutOutNode> _nodes = [];

    public event Action<string, IPAddress>? Added;

    public bool IsEmpty => Current().Count == 0;

    public bool Contains(string nodeId, IPAddress host)
    {
        lock (_gate)
            return _nodes.TryGetValue((nodeId, host), out var node) && node.Until > clock.GetUtcNow();
    }

    public PutOutNode Add(string nodeId, IPAddress host, string reason)
    {
        var entry = new PutOutNode(nodeId, reason, clock.GetUtcNow() + Duration) { Host = host.ToString() };
        lock (_gate)
        {
            if (_nodes.Count >= Maximum && !_nodes.ContainsKey((nodeId, host)))
                _nodes.Remove(_nodes.MinBy(node => node.Value.Until).Key);
            _nodes[(nodeId, host)] = entry;
        }

        Added?.Invoke(nodeId, host);
        return entry;
    }

    public IReadOnlyList<PutOutNode> Current()
    {
        lock (_gate)
        {
            if (_nodes.Count == 0)
                return [];
            var now = clock.GetUtcNow();
            foreach (var (ended, _) in _nodes.Where(node => node.Value.Until <= now).ToList())
                _nodes.Remove(ended);
            return [.. _nodes.Values];
        }
    }
}
