using Foresight.ServiceDefaults.Redis;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Redis;

/// <summary>A process' end of the broadcast network. What is published while there is no way to the server is lost.</summary>
internal sealed class SimulatedBroadcast : IBroadcast
{
    private readonly World world;
    private readonly Process process;
    private readonly Link link;
    private readonly SimulatedRedis.Listener listener;

    public SimulatedBroadcast(World world, Process process, Link link)
    {
        (this.world, this.process, this.link) = (world, process, link);
        listener = new SimulatedRedis.Listener(process, link, () => Restored?.Invoke());
        world.Redis.Listen(listener);
    }

    public event Action? Restored;

    public void Publish<T>(string channel, T message)
    {
        world.Invariants.Published(process, channel, message!);
        link.Request(() =>
        {
            if (world.Redis.Alive) world.Redis.Run(() => world.Redis.Publish(channel, message!));
        });
    }

    public void Subscribe<T>(string channel, Action<T> handle) where T : class
    {
        if (!listener.Handlers.TryGetValue(channel, out var handlers)) listener.Handlers.Add(channel, handlers = []);
        handlers.Add(message => handle((T)message));
    }

    /// <summary>After a cut of the link the client connects again.</summary>
    public void Reconnect() => world.Redis.Reconnect(listener);

    public void Forget() => world.Redis.Forget(listener);
}
