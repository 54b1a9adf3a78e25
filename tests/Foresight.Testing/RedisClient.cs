using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Foresight.Testing;

/// <summary>Holds the cluster's secret, because only its holders can send messages that nodes believe.</summary>
public sealed class RedisClient : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public RedisClient(string configuration, string keyPrefix, string clusterSecret = TestStores.ClusterSecret)
    {
        var settings = new RedisSettings(configuration, keyPrefix);
        Multiplexer = ConnectionMultiplexer.Connect(settings.Options());
        Database = RedisExtensions.DatabaseOf(Multiplexer, settings);
        Broadcast = new RedisBroadcast(
            Multiplexer,
            settings,
            new MessageSeals(
                new ClusterKeys(clusterSecret),
                new NodeIdentity("client-of-test", "test", "0", DateTimeOffset.UtcNow),
                TimeProvider.System
            ),
            new DroppedMessages(_services.GetRequiredService<IMeterFactory>(), TimeProvider.System, NullLogger<DroppedMessages>.Instance),
            NullLogger<RedisBroadcast>.Instance
        );
    }

    public ConnectionMultiplexer Multiplexer { get; }
    public IDatabase Database { get; }
    public RedisBroadcast Broadcast { get; }

    public void Dispose()
    {
        Multiplexer.Dispose();
        _services.Dispose();
    }
}
