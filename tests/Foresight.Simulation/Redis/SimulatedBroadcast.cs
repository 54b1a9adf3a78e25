using Foresight.ServiceDefaults.Redis;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Redis;

/// <summary>Redis keeps no messages, so what is published while there is no way to the server is lost.</summary>
internal sealed class SimulatedBroadcast : IBroadcast
{
    private readonly World _world;
    private readonly Process _process;
    private readonly Link _link;
    private readonly SimulatedRedis.Listener _listener;

    public SimulatedBroadcast(World world, Process process, Link link)
    {
        (_world, _process, _link) = (world, process, link);
        _listener = new SimulatedRedis.Listener(process, link, () => Restored?.Invoke());
        world.Redis.Listen(_listener);
    }

    public event Action? Restored;

    public void Publish<T>(string channel, T message)
    {
        _world.Invariants.Published(_process, channel, message!);
        _link.Request(() =>
        {
            if (_world.Redis.Alive)
                _world.Redis.Run(() => _world.Redis.Publish(channel, message!));
        });
    }

    public void Subscribe<T>(string channel, Action<T> handle)
        where T : class
    {
        if (!_listener.Handlers.TryGetValue(channel, out var handlers))
            _listener.Handlers.Add(channel, handlers = []);
        handlers.Add(message => handle((T)message));
    }

    public void Reconnect() => _world.Redis.Reconnect(_listener);

    public void Forget() => _world.Redis.Forget(_listener);
}
