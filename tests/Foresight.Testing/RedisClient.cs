using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Foresight.Testing;

public sealed class RedisClient : IDisposable
{
    public RedisClient(string configuration, string keyPrefix)
    {
        var settings = new RedisSettings(configuration, keyPrefix);
        Multiplexer = ConnectionMultiplexer.Connect(settings.Options());
        Database = RedisExtensions.DatabaseOf(Multiplexer, settings);
        Broadcast = new RedisBroadcast(Multiplexer, settings, NullLogger<RedisBroadcast>.Instance);
    }

    public ConnectionMultiplexer Multiplexer { get; }
    public IDatabase Database { get; }
    public RedisBroadcast Broadcast { get; }

    public void Dispose() => Multiplexer.Dispose();
}
