using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.Drill;

/// <summary>
/// Present only with <c>--drill</c>, because every byte between the matching nodes and Redis or Postgres then passes through the AppHost.
/// All nodes share the relays, so a connection's node is found by its process id.
/// </summary>
internal sealed class DrillNetwork
{
    private readonly ConcurrentDictionary<string, Relay> _relays = new();
    private volatile Cut? _cut;

    /// <param name="variables">Variables whose values contain the server's port.</param>
    public Action<EnvironmentCallbackContext> Before(string kind, EndpointReference server, params string[] variables) =>
        context =>
        {
            foreach (var variable in variables)
                context.EnvironmentVariables[variable] = new RelayedValue(
                    context.EnvironmentVariables[variable],
                    server,
                    () => RelayFor(kind, server)
                );
        };

    public IDisposable CutOff(int processId, params string[] kinds)
    {
        _cut = new Cut(this, processId, kinds);
        Review();
        return _cut;
    }

    private Relay RelayFor(string kind, EndpointReference server) =>
        _relays.GetOrAdd(
            $"{kind} {server.Port}",
            _ =>
            {
                var relay = new Relay(kind, () => (server.Host, server.Port));
                relay.CutUntil = port =>
                    _cut is { } cut && cut.Kinds.Contains(kind) && SocketOwner.PortsOf(cut.ProcessId).Contains(port) ? cut.Healed : null;
                return relay;
            }
        );

    private void Review()
    {
        foreach (var relay in _relays.Values)
            relay.Review();
    }

    private sealed class Cut(DrillNetwork network, int processId, string[] kinds) : IDisposable
    {
        private readonly TaskCompletionSource _healed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int ProcessId { get; } = processId;

        public string[] Kinds { get; } = kinds;

        public Task Healed => _healed.Task;

        public void Dispose()
        {
            network._cut = null;
            _healed.TrySetResult();
            network.Review();
        }
    }

    private sealed class RelayedValue(object original, EndpointReference server, Func<Relay> relay) : IValueProvider
    {
        public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
        {
            var value = original is IValueProvider provider ? await provider.GetValueAsync(cancellationToken) : original.ToString();
            var port = server.Port.ToString(CultureInfo.InvariantCulture);
            return value is null
                ? null
                : Regex.Replace(value, $@"(?<=:|Port=){port}\b", relay().Port.ToString(CultureInfo.InvariantCulture));
        }
    }
}
