using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.Extensions.Hosting;

public static class PostgresExtensions
{
    /// <summary>
    /// The primary as <see cref="NpgsqlDataSource"/>, the read/write split as <see cref="Database"/>, and a readiness check "postgres".
    /// </summary>
    /// <param name="useReplicas">False for a host that only ever wants the primary: no replica is then connected to.</param>
    public static TBuilder AddPostgres<TBuilder>(this TBuilder builder, bool useReplicas = true) where TBuilder : IHostApplicationBuilder
    {
        var address = PostgresAddress.From(builder.Configuration);
        var options = PostgresOptions.From(builder.Configuration);
        builder.Services.AddSingleton(options);
        // Rows are read into classes whose members are named as the columns are, without the underscores.
        Dapper.DefaultTypeMap.MatchNamesWithUnderscores = true;
        builder.Services.AddSingleton(provider => SourceOf("primary", address.Primary, provider, commandSeconds: 10));
        builder.Services.AddSingleton(provider =>
        {
            var primary = new Server(
                "primary", isPrimary: true, weight: 0, provider.GetRequiredService<NpgsqlDataSource>(), address.Primary);
            var replicas = useReplicas ? address.Replicas : [];
            return new Database(
                primary,
                // Shorter than the primary's: a replica that hangs is given up while the caller still has time for another server.
                [.. replicas.Select(one => new Server(one.Name, isPrimary: false, one.Weight, SourceOf(one.Name, one.Connection, provider, commandSeconds: 3), one.Connection))],
                provider.GetRequiredService<IMeterFactory>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Database>>());
        });
        builder.Services.AddSingleton<ReplicaMonitor>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ReplicaMonitor>());
        builder.Services.AddHealthChecks().AddCheck<PrimaryCheck>("postgres", HealthStatus.Unhealthy, [HealthBoard.Ready]);
        return builder;
    }

    private static NpgsqlDataSource SourceOf(
        string name, NpgsqlConnectionStringBuilder connection, IServiceProvider provider, int commandSeconds)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection.ConnectionString);
        settings.ApplicationName ??= provider.GetRequiredService<NodeIdentity>().Id;
        if (!connection.ShouldSerialize("Timeout")) settings.Timeout = 3;
        if (!connection.ShouldSerialize("Command Timeout")) settings.CommandTimeout = commandSeconds;
        if (!connection.ShouldSerialize("Cancellation Timeout")) settings.CancellationTimeout = 1000;
        if (!connection.ShouldSerialize("Maximum Pool Size")) settings.MaxPoolSize = 30;
        var source = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = name };
        source.UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>());
        return source.Build();
    }

    private sealed class PrimaryCheck(NpgsqlDataSource primary) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellation = default)
        {
            await using var command = primary.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellation);
            return HealthCheckResult.Healthy();
        }
    }
}
