using System.Text.Json;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Redis;

/// <summary>
/// Sealed and verified by the production's own classes, so that their rules are tested too. Redis keeps no messages, so what is published
/// while there is no way to the server is lost.
/// </summary>
internal sealed class SimulatedBroadcast : IBroadcast
{
    private readonly World _world;
    private readonly Process _process;
    private readonly Link _link;
    private readonly TimeProvider _clock;
    private readonly NodeIdentity _identity;
    private readonly SimulatedRedis.Listener _listener;
    private readonly Dictionary<string, MessageSealer> _sealers = [];

    public SimulatedBroadcast(World world, Process process, Link link, TimeProvider clock)
    {
        (_world, _process, _link, _clock) = (world, process, link, clock);
        _identity = new NodeIdentity(process.Name, "matching", "simulated", clock.GetUtcNow());
        _listener = new SimulatedRedis.Listener(process, link, () => Restored?.Invoke());
        world.Redis.Listen(_listener);
    }

    public event Action? Restored;

    public void Publish<T>(string channel, T message)
    {
        _world.Invariants.Published(_process, channel, message!);
        var content = JsonSerializer.SerializeToUtf8Bytes(message, JsonSerializerOptions.Web);
        if (!_sealers.TryGetValue(channel, out var sealer))
            _sealers.Add(channel, sealer = new MessageSealer(_world.Keys, channel, _identity, _clock));
        var sealedMessage = sealer.Seal(content);
        _world.Believed.Sent(channel, content);
        _link.Request(() =>
        {
            if (_world.Redis.Alive)
                _world.Redis.Run(() =>
                {
                    _world.Enemy.Hears(channel, sealedMessage);
                    _world.Redis.Publish(channel, sealedMessage);
                });
        });
    }

    public void Subscribe<T>(string channel, Action<T> handle)
        where T : class
    {
        if (!_listener.Handlers.TryGetValue(channel, out var handlers))
            _listener.Handlers.Add(channel, handlers = []);
        var verifier = _world.Mutant.Messages(new MessageVerifier(_world.Keys, channel, _clock));
        handlers.Add(message =>
        {
            if (verifier(message) is not { } content)
                return;
            _world.Believed.Received(_process, channel, content);
            if (JsonSerializer.Deserialize<T>(content.Span, JsonSerializerOptions.Web) is { } body)
                handle(body);
        });
    }

    public void Reconnect() => _world.Redis.Reconnect(_listener);

    public void Forget() => _world.Redis.Forget(_listener);
}
