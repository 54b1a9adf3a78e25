using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Redis;

internal sealed class SimulatedRedis(World world) : Process(world, "redis", overtakes: false)
{
    private readonly Dictionary<string, (string Value, long EndsAt)> _leases = [];
    private readonly List<Listener> _listeners = [];

    public int Life { get; private set; }

    public override void Kill()
    {
        base.Kill();
        _leases.Clear();
    }

    /// <summary>Empty afterwards, because it has no persistence.</summary>
    public void Restart()
    {
        Life++;
        Begin(() => { });
        foreach (var listener in _listeners.ToList())
            Reconnect(listener);
    }

    public string? Read(string resource) =>
        _leases.TryGetValue(resource, out var lease) && lease.EndsAt > World.Timeline.Now ? lease.Value : null;

    /// <summary>Needs no signature, because every client that reaches the server can write.</summary>
    public void Write(string resource, string value, TimeSpan end) => _leases[resource] = (value, World.Timeline.Now + end.Ticks);

    public void Delete(string resource) => _leases.Remove(resource);

    /// <summary>Deletes the record of this token, and whatever is no record, as <c>RedisLeaseBoard</c> does.</summary>
    public void DeleteIfOf(string resource, Guid token)
    {
        if (Read(resource) is { } value && (TokenOf(value) is not { } other || other == token))
            _leases.Remove(resource);
    }

    public void Publish(string channel, byte[] message)
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

    private static Guid? TokenOf(string value)
    {
        try
        {
            return JsonNode.Parse(value)?["token"]?.GetValue<Guid>();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal sealed class Listener(Process process, Link link, Action raiseRestored)
    {
        public Process Process => process;
        public Link Link => link;
        public Action RaiseRestored => raiseRestored;
        public int Life { get; set; }
        public Dictionary<string, List<Action<byte[]>>> Handlers { get; } = [];
    }
}
