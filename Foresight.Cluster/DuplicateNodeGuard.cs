using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster;

/// <summary>
/// Of two live processes with one NODE_ID the younger renames itself. The older one answers an announcement at once; a dead process does
/// not, so its replacement keeps the name.
/// </summary>
public sealed partial class DuplicateNodeGuard(
    NodeIdentity identity,
    NodePresence presence,
    IBroadcast broadcast,
    ILogger<DuplicateNodeGuard> logger
)
{
    public void Listen() => broadcast.Subscribe<NodeAnnouncement>(Channels.ClusterNodes, Hear);

    public void Announce() => Announce(answers: null);

    private void Announce(Guid? answers) =>
        broadcast.Publish(
            Channels.ClusterNodes,
            new NodeAnnouncement(identity.Id, identity.Instance, identity.StartedAt, Environment.ProcessId, answers)
        );

    private void Hear(NodeAnnouncement other)
    {
        if (other.NodeId != identity.Id || other.Instance == identity.Instance)
            return;
        if (!IsOlder(other))
        {
            Log.Duplicate(logger, other.ProcessId, other.NodeId);
            Announce(answers: other.Instance);
        }
        else if (other.Answers == identity.Instance)
        {
            identity.TakeOwnName();
            Log.Renamed(logger, other.NodeId, other.ProcessId, identity.Id);
        }
        else
        {
            // Not asked at once: a process of a version that does not answer would ask back, without an end.
            return;
        }

        // Not only with the next heartbeat: the younger one's new name becomes known, or the older one's record is restored.
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
