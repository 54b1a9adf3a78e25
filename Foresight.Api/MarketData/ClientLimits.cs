using System.Collections.Concurrent;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Api.MarketData;

/// <summary>
/// How many clients the hub of this node takes, in all and from one address, so that no caller keeps the others out. Thread-safe.
/// </summary>
/// <param name="configuration"><c>HUB_MAX_CLIENTS</c> and <c>HUB_MAX_CLIENTS_PER_ADDRESS</c>.</param>
public sealed class ClientLimits(IConfiguration configuration)
{
    private readonly int _all = MaxClients(configuration);

    private readonly int _ofOne = configuration.Integer(
        "HUB_MAX_CLIENTS_PER_ADDRESS",
        Math.Max(1, MaxClients(configuration) / 4),
        1,
        1_000_000
    );

    private readonly ConcurrentDictionary<string, int> _clients = new();
    private int _count;

    /// <returns>False: one too many. It has its place all the same, until <see cref="Leave"/>.</returns>
    public bool Enter(string caller)
    {
        var ofOne = _clients.AddOrUpdate(caller, 1, (_, count) => count + 1);
        return Interlocked.Increment(ref _count) <= _all && ofOne <= _ofOne;
    }

    public void Leave(string caller)
    {
        Interlocked.Decrement(ref _count);
        if (_clients.AddOrUpdate(caller, 0, (_, count) => count - 1) == 0)
            _clients.TryRemove(KeyValuePair.Create(caller, 0));
    }

    private static int MaxClients(IConfiguration configuration) => configuration.Integer("HUB_MAX_CLIENTS", 20_000, 1, 1_000_000);
}
