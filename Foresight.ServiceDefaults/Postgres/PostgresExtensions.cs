using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

public static class PostgresExtensions
{
    /// <summary>
    /// The primary as <see cref="NpgsqlDataSource"/>, the read/write split as <see cref="Database"/>, and a readiness check "postgres".
    /// </summary>
    /// <param name="useReplicas">False for a host that only ever wants the primary: no replica is then connected to.</param>
    public static TBuilder AddPostgres<TBuilder>(this TBuilder builder, bool useReplicas = true)
        where TBuilder : IHostApplicationBuilder
    {
        var address = PostgresAddress.From(builder.Configuration);
        var options = PostgresOptions.From(builder.Configuration);
        builder.Services.AddSingleton(options);
        // Rows are read into classes whose members are named as the columns are, without the underscores.
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
                // Shorter than the primary's: a replica that hangs is given up while the caller still has time for another server.
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
        builder.Services.AdoptHealthCheck("PostgreSql", "postgres", neededToBeReady: true);
        return builder;
    }

    /// <summary>Only the primary, as <see cref="NpgsqlDataSource"/>, wherever it is: for a program that is not a node.</summary>
    public static void AddPrimary(this IHostApplicationBuilder builder, PostgresAddress address)
    {
        // Aspire's client for its health check and spans; the metrics are collected with all others. The
        // connections themselves follow promotions and are checked, which takes other services, and the
        // client's own registration can use none: the one below replaces it.
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
        builder.Services.AddSingleton<TimelineGuard>();
        builder.Services.AddSingleton(provider => new PrimaryServers(
            address,
            provider.GetRequiredService<TimelineGuard>(),
            provider.GetService<IDatabase>() is { } redis ? new TimelineHint(redis) : null
        ));
        builder.Services.AddSingleton(provider =>
        {
            var settings = Settings(address.Primary, provider, commandSeconds: 10);
            // A COMMIT that waits for a synchronous standby and is cancelled answers with success and a warning. So no answer is waited for
            // after a cancellation: the connection breaks, and the outcome is in doubt, as it is.
            settings.CancellationTimeout = -1;
            return provider.GetRequiredService<PrimaryServers>().Open(settings, "primary", provider.GetRequiredService<ILoggerFactory>());
        });
        builder.Services.AddHostedService<PrimaryWatch>();
    }

    private static NpgsqlDataSource SourceOf(string name, NpgsqlConnectionStringBuilder connection, IServiceProvider provider)
    {
        var source = new NpgsqlDataSourceBuilder(Settings(connection, provider, commandSeconds: 3).ConnectionString) { Name = name };
        source.UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>());
        return source.Build();
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
