using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Redis;

/// <summary>
/// Redis: lease keys that end by themselves, and messages to whoever listens. It may be down, frozen (everything waits, then happens late),
/// restarted empty; and somebody may write into it by hand.
/// </summary>
internal sealed class SimulatedRedis(World world) : Process(world, "redis", overtakes: false)
{
    private readonly Dictionary<string, (LeaseRecord? Record, long EndsAt)> _leases = [];
    private readonly List<Listener> _listeners = [];

    /// <summary>Lifetimes of this server; connections are made anew in each.</summary>
    public int Life { get; private set; }

    public override void Kill()
    {
        base.Kill();
        _leases.Clear();
    }

    /// <summary>Empty, as it has no persistence.</summary>
    public void Restart()
    {
        Life++;
        Begin(() => { });
        foreach (var listener in _listeners.ToList())
            Reconnect(listener);
    }

    /// <summary>A request arrives: it is done when the server gets round to it, or refused by the machine if there is no server.</summary>
    public void Arrive<T>(Call<T> call, Func<T> work)
    {
        if (!Alive)
            call.Fail(new TimeoutException("Redis is down (simulated)."));
        else
            Run(() => call.Answer(work()));
    }

    public LeaseReading Read(string resource) =>
        Live(resource) is { } lease ? new LeaseReading(true, lease.Record) : new LeaseReading(false, null);

    public bool Acquire(string resource, LeaseRecord record, TimeSpan duration)
    {
        if (Live(resource) is not null)
            return false;
        Set(resource, record, duration);
        return true;
    }

    /// <summary>Compare and set, as the scripts do: a key that is gone is written again.</summary>
    public bool SetIfOf(string resource, Guid token, LeaseRecord record, TimeSpan duration)
    {
        if (Live(resource) is { } lease && lease.Record?.Token != token)
            return false;
        Set(resource, record, duration);
        return true;
    }

    public bool DeleteIfOf(string resource, Guid token) =>
        Live(resource) is { } lease && lease.Record?.Token == token && _leases.Remove(resource);

    /// <summary>By hand: a value that is no lease record, or one of nobody.</summary>
    public void Forge(string resource, LeaseRecord? record, TimeSpan duration) => Set(resource, record, duration);

    public void Delete(string resource) => _leases.Remove(resource);

    public void Publish(string channel, object message)
    {
        foreach (var listener in _listeners.ToList())
        {
            if (!listener.Handlers.TryGetValue(channel, out var handlers) || listener.Life != Life)
                continue;
            foreach (var handle in handlers)
                listener.Link.Reply(() => listener.Process.Run(() => handle(message)));
        }
    }

    public void Listen(Listener listener)
    {
        listener.Life = Life;
        _listeners.Add(listener);
    }

    public void Forget(Listener listener) => _listeners.Remove(listener);

    /// <summary>A client's connection comes back by itself, as soon as there is a way.</summary>
    public void Reconnect(Listener listener) =>
        World.Timeline.After(
            World.Dice.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(500)),
            () =>
            {
                if (!Alive || listener.Link.IsCut || !_listeners.Contains(listener))
                    return;
                listener.Life = Life;
                listener.Process.Run(listener.RaiseRestored);
            }
        );

    private (LeaseRecord? Record, long EndsAt)? Live(string resource) =>
        _leases.TryGetValue(resource, out var lease) && lease.EndsAt > World.Timeline.Now ? lease : null;

    private void Set(string resource, LeaseRecord? record, TimeSpan duration) =>
        _leases[resource] = (record, World.Timeline.Now + duration.Ticks);

    /// <summary>A process that subscribed, in one of its lives.</summary>
    internal sealed class Listener(Process process, Link link, Action raiseRestored)
    {
        public Process Process => process;
        public Link Link => link;
        public Action RaiseRestored => raiseRestored;
        public int Life { get; set; }
        public Dictionary<string, List<Action<object>>> Handlers { get; } = [];
    }
}
