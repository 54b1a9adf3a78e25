using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Redis;

namespace Foresight.Simulation.Clients;

/// <summary>
/// As with <c>LeaderDirectory</c>, callers act on a slightly old reading of the lease: of Redis, or of Postgres for each new term and where
/// Redis shows nothing that can be believed, and the last known one while neither is reachable. The production's own classes decide what
/// can be believed.
/// </summary>
internal sealed class LeaseReader
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(250);

    private readonly World _world;
    private readonly LeaseHints _hints;
    private readonly Func<string, LeaseRecord?> _believe;
    private string? _address;
    private long _readAt = long.MinValue / 2;
    private bool _isDoubted;
    private LeaseRecord? _named;

    public LeaseReader(World world)
    {
        _world = world;
        _hints = new LeaseHints(SimulatedHints.Of(world, new NodeIdentity("callers", "api", "simulated", world.Postgres.Now)));
        _believe = world.Mutant.Leases(_hints);
    }

    public SimulatedNode? Leader()
    {
        if (_world.Timeline.Now - _readAt > FreshFor.Ticks)
            Read();
        return _world.Nodes.FirstOrDefault(node => node.Address == _address);
    }

    public void Forget()
    {
        _isDoubted = true;
        _readAt = long.MinValue / 2;
    }

    private void Read()
    {
        if (!_isDoubted && Shown() is { } shown && _world.Mutant.IsNamed(_hints, shown))
        {
            _world.Leases.Leads(shown, _named);
            _address = shown.Address;
        }
        else if (_world.Postgres is { Alive: true, Paused: false })
            _address = Held()?.Address;
        else
            return;
        _readAt = _world.Timeline.Now;
        _isDoubted = false;
    }

    private LeaseRecord? Shown()
    {
        if (
            _world.Redis is not { Alive: true, Paused: false }
            || _world.Redis.Read(LeasedResources.Matching) is not { } value
            || _believe(value) is not { } record
        )
            return null;
        _world.Leases.Believed(record);
        return record;
    }

    private LeadershipRow? Held()
    {
        if (_world.Postgres.Tables.Leadership is not { } row)
            return null;
        _named = new(row.NodeId, row.Address, LeaseRecord.NameOf(row.Token), row.Epoch, default, row.RenewedAt ?? default);
        _hints.Name(LeasedResources.Matching, _named);
        return _world.Postgres.Now - row.RenewedAt < SimulatedNode.LeaseDuration ? row : null;
    }
}
