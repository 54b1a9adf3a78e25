using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Telemetry;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

public static class PostgresExtensions
{
    public static TBuilder AddPostgres<TBuilder>(this TBuilder builder, bool useReplicas = true)
        where TBuilder : IHostApplicationBuilder
    {
        var address = PostgresAddress.From(builder.Configuration);
        var options = PostgresOptions.From(builder.Configuration);
        builder.Services.AddSingleton(options);
        // The tables' columns have underscores, and the members of the classes that rows are read into have none.
        Dapper.DefaultTypeMap.MatchNamesWithUnderscores = true;
        builder.AddPrimary(address);
        builder.Services.AddSingleton(provider =>
        {
            var servers = provider.GetRequiredService<PrimaryServers>();
            var primary = new Server(
                "primary",
                isPrimary: true,
                weight: 0,
                provider.GetRequiredService<NpgsqlDataSource>(),
                () => servers.Current.ToString()
            );
            var replicas = useReplicas ? address.Replicas : [];
            return new Database(
                primary,
                // Shorter than the primary's, so that a replica that hangs is abandoned while the caller still has time for another server.
                [
                    .. replicas.Select(one => new Server(
                        one.Name,
                        isPrimary: false,
                        one.Weight,
                        SourceOf(one.Name, one.Connection, provider),
                        one.Connection
                    )),
                ],
                provider.GetRequiredService<IMeterFactory>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<Database>>()
            );
        });
        builder.Services.AddSingleton<ReplicaMonitor>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ReplicaMonitor>());
        builder.Services.AddHostedService(provider => new ServerPulse(
            provider.GetRequiredService<Database>(),
            provider.GetRequiredService<ReplicaMonitor>(),
            server => PulseOf(server, address, provider),
            provider.GetRequiredService<TimeProvider>()
        ));
        builder.Services.AdoptHealthCheck("PostgreSql", "postgres", neededToBeReady: true);
        return builder;
    }

    /// <summary>Apart from the rest, because a program that is not a node reads no replica.</summary>
    public static void AddPrimary(this IHostApplicationBuilder builder, PostgresAddress address)
    {
        // Aspire's client contributes its health check and spans; metrics are collected with all others. Its own data source cannot use
        // other services, but the connections here must follow promotions and be checked, so the registration below replaces it.
        builder.AddNpgsqlDataSource(
            "foresight",
            client =>
            {
                client.ConnectionString = address.Primary.ConnectionString;
                client.DisableMetrics = true;
                client.DisableTracing = !builder.Configuration.ExportsTelemetry();
            }
        );
        builder.Services.AddSingleton(address);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<TimelineGuard>();
        builder.Services.AddSingleton(provider => new DatabaseClock(provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(provider => new PrimaryServers(
            address,
            provider.GetRequiredService<TimelineGuard>(),
            provider.GetService<IDatabase>() is { } redis && provider.GetService<SignedHints>() is { } hints
                ? new TimelineHint(redis, hints)
                : null
        ));
        builder.Services.AddSingleton(provider =>
        {
            var settings = Settings(address.Primary, provider, commandSeconds: 10);
            // If a COMMIT that waits for a synchronous standby is cancelled, Postgres answers with success and a warning. So no answer is
            // awaited after a cancellation: the connection breaks, and the outcome is reported as in doubt, which it is.
            settings.CancellationTimeout = -1;
            return provider.GetRequiredService<PrimaryServers>().Open(settings, "primary", provider.GetRequiredService<ILoggerFactory>());
        });
        builder.Services.AddHostedService<PrimaryWatch>();
        builder.Services.AddHostedService<DatabaseClockWatch>();
    }

    private static NpgsqlDataSource SourceOf(string name, NpgsqlConnectionStringBuilder connection, IServiceProvider provider)
    {
        var source = new NpgsqlDataSourceBuilder(Settings(connection, provider, commandSeconds: 3).ConnectionString) { Name = name };
        source.UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>());
        return source.Build();
    }

    private static NpgsqlDataSource PulseOf(Server server, PostgresAddress address, IServiceProvider provider)
    {
        var name = $"pulse-{server.Name}";
        return address.Replicas.FirstOrDefault(one => one.Name == server.Name) is { } replica
            ? new NpgsqlDataSourceBuilder(ServerPulse.Settings(replica.Connection).ConnectionString) { Name = name }.Build()
            : provider
                .GetRequiredService<PrimaryServers>()
                .Open(ServerPulse.Settings(address.Primary), name, provider.GetRequiredService<ILoggerFactory>());
    }

    private static NpgsqlConnectionStringBuilder Settings(
        NpgsqlConnectionStringBuilder connection,
        IServiceProvider provider,
        int commandSeconds
    )
    {
        var settings = new NpgsqlConnectionStringBuilder(connection.ConnectionString);
        settings.ApplicationName ??= provider.GetRequiredService<NodeIdentity>().Id;
        if (!connection.ShouldSerialize("Timeout"))
            settings.Timeout = 3;
        if (!connection.ShouldSerialize("Command Timeout"))
            settings.CommandTimeout = commandSeconds;
        if (!connection.ShouldSerialize("Cancellation Timeout"))
            settings.CancellationTimeout = 1000;
        if (!connection.ShouldSerialize("Maximum Pool Size"))
            settings.MaxPoolSize = 30;
        return settings;
    }
}
