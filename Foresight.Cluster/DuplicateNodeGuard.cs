using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster;

/// <summary>
/// Of two live processes with one NODE_ID the younger takes a name of its own. Each says its name with its heartbeats, and the older one
/// answers at once; a record that a dead process left behind answers nothing, so whoever takes its place keeps the name.
/// </summary>
public sealed partial class DuplicateNodeGuard(
    NodeIdentity identity,
    NodePresence presence,
    IBroadcast broadcast,
    ILogger<DuplicateNodeGuard> logger
)
{
    public void Listen() => broadcast.Subscribe<NodeAnnouncement>(Channels.ClusterNodes, Hear);

    public void Announce() =>
        broadcast.Publish(
            Channels.ClusterNodes,
            new NodeAnnouncement(identity.Id, identity.Instance, identity.StartedAt, Environment.ProcessId)
        );

    private void Hear(NodeAnnouncement other)
    {
        if (other.NodeId != identity.Id || other.Instance == identity.Instance)
            return;
        if (IsOlder(other))
        {
            identity.TakeOwnName();
            Log.Renamed(logger, other.NodeId, other.ProcessId, identity.Id);
        }
        else
        {
            Log.Duplicate(logger, other.ProcessId, other.NodeId);
        }

        // Under the new name; or over what the other wrote under ours, with a hello that it hears.
        presence.Repeat();
    }

    private bool IsOlder(NodeAnnouncement other) =>
        (other.StartedAt, other.Instance).CompareTo((identity.StartedAt, identity.Instance)) < 0;

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "NODE_ID {NodeId} is used by an older live process (pid {ProcessId}); renamed this node to {OwnName}. "
                + "Give each node its own NODE_ID."
        )]
        public static partial void Renamed(ILogger logger, string nodeId, int processId, string ownName);

        [LoggerMessage(
            LogLevel.Warning,
            "NODE_ID {NodeId} is also used by a younger process (pid {ProcessId}), which will rename itself. Give each node "
                + "its own NODE_ID."
        )]
        public static partial void Duplicate(ILogger logger, int processId, string nodeId);
    }
}
