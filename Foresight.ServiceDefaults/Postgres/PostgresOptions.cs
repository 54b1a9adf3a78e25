using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.ServiceDefaults.Postgres;

/// <param name="HealthInterval"><c>DATABASE_HEALTH_INTERVAL_MS</c>, default 30 s: interval of the checks of each server.</param>
/// <param name="MaxLag">
/// <c>DATABASE_MAX_LAG_MS</c>, default 10 s: a replica with a greater lag serves no reads, because they would be too old.
/// </param>
/// <param name="MaxLagBytes"><c>DATABASE_MAX_LAG_BYTES</c>, default 16 MiB (one WAL segment): the same limit in bytes.</param>
public sealed record PostgresOptions(TimeSpan HealthInterval, TimeSpan MaxLag, long MaxLagBytes)
{
    /// <summary>
    /// So many consecutive failures take a replica out of service, because a single lost packet must not. One success brings it back.
    /// </summary>
    public const int FailuresBeforeOut = 3;

    /// <summary>A frozen server must count as failed and must not stop the checks.</summary>
    public static readonly TimeSpan CheckBound = TimeSpan.FromSeconds(2);

    public static PostgresOptions From(IConfiguration configuration) =>
        new(
            configuration.Milliseconds(
                "DATABASE_HEALTH_INTERVAL_MS",
                TimeSpan.FromSeconds(30),
                TimeSpan.FromMilliseconds(50),
                TimeSpan.FromHours(1)
            ),
            configuration.Milliseconds(
                "DATABASE_MAX_LAG_MS",
                TimeSpan.FromSeconds(10),
                TimeSpan.FromMilliseconds(100),
                TimeSpan.FromHours(1)
            ),
            configuration.Long("DATABASE_MAX_LAG_BYTES", 16 * 1024 * 1024, 1024, long.MaxValue)
        );
}
