using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Redis;

internal sealed class SimulatedRedis(World world) : Process(world, "redis", overtakes: false)
{
    private readonly Dictionary<string, (LeaseRecord? Record, long EndsAt)> _leases = [];
    private readonly List<Listener> _listeners = [];

    public int Life { get; private set; }

    public override void Kill()
    {
        base.Kill();
        _leases.Clear();
    }

    /// <summary>Empty, because it has no persistence.</summary>
    public void Restart()
    {
        Life++;
        Begin(() => { });
        foreach (var listener in _listeners.ToList())
            Reconnect(listener);
    }

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

    /// <summary>Writes a key that is gone, as the scripts do, so that a late renewal can bring its lease back.</summary>
    public bool SetIfOf(string resource, Guid token, LeaseRecord record, TimeSpan duration)
    {
        if (Live(resource) is { } lease && lease.Record?.Token != token)
            return false;
        Set(resource, record, duration);
        return true;
    }

    public bool DeleteIfOf(string resource, Guid token) =>
        Live(resource) is { } lease && lease.Record?.Token == token && _leases.Remove(resource);

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

    internal sealed class Listener(Process process, Link link, Action raiseRestored)
    {
        public Process Process => process;
        public Link Link => link;
        public Action RaiseRestored => raiseRestored;
        public int Life { get; set; }
        public Dictionary<string, List<Action<object>>> Handlers { get; } = [];
    }
}
