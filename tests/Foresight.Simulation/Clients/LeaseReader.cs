using Foresight.Protocol;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Clients;

/// <summary>
/// Callers see a slightly old reading of the lease, and the last known one while Redis is unreachable, as an Api node does.
/// </summary>
internal sealed class LeaseReader(World world)
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(250);

    private LeaseRecord? _known;
    private long _readAt = long.MinValue / 2;

    public SimulatedNode? Leader()
    {
        if (world.Timeline.Now - _readAt > FreshFor.Ticks && world.Redis is { Alive: true, Paused: false })
        {
            _known = world.Redis.Read(LeasedResources.Matching).Holder;
            _readAt = world.Timeline.Now;
        }

        return _known is { } lease ? world.Nodes.FirstOrDefault(node => node.Address == lease.Address) : null;
    }

    public void Forget() => _readAt = long.MinValue / 2;
}
