using Foresight.Console.Api;
using Foresight.Protocol;

namespace Foresight.Console.Live;

/// <summary>
/// State of the whole system for one circuit: one request a second, shared by the frame and all its pages. Each part has its own freshness,
/// because the Api reports for each part whether it could be read.
/// </summary>
public sealed class OperationsFeed(ForesightApiClient api, ThroughputHistory throughput, ServerHistory servers, TimeProvider clock)
{
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public LiveValue<ClusterStatus> Cluster { get; } = new();

    public SourceFreshness Leases { get; } = new("Redis");

    public SourceFreshness Terms { get; } = new("Postgres");

    public LiveValue<DatabaseStatus> Database { get; } = new();

    public LiveValue<ReconciliationStatus> Reconciliation { get; } = new();

    public LiveValue<SettlementView> Settlement { get; } = new();

    public LiveValue<ThroughputView> Throughput { get; } = new();

    /// <summary>Raised after each step on the circuit's dispatcher.</summary>
    public event Action? Changed;

    public IEnumerable<Freshness> Parts => [Cluster, Leases, Terms, Database, Reconciliation, Settlement, Throughput];

    /// <exception cref="KeyRefusedException">The operator must sign in again.</exception>
    public async Task StepAsync(CancellationToken cancellationToken)
    {
        try
        {
            var overview = await api.GetOverviewAsync(cancellationToken);
            var now = clock.GetUtcNow();
            Take(Cluster, overview.Cluster, "cluster", overview, now);
            TakeSources(overview.Cluster, now);
            Take(Database, overview.Database, "database", overview, now);
            Take(Reconciliation, overview.Reconciliation, "reconciliation", overview, now);
            Take(Settlement, overview.Settlement, "settlement", overview, now);
            Take(Throughput, overview.Throughput, "throughput", overview, now);
            if (overview.Throughput is { } rates)
                throughput.Add(now, rates);
            if (overview.Database is { } database)
                servers.Add(now, database);
        }
        catch (Exception e) when (e is ApiUnavailableException or ApiRefusedException)
        {
            foreach (var part in Parts)
                part.Fail(e.Message, clock.GetUtcNow());
        }

        Changed?.Invoke();
    }

    /// <summary>Cluster status has two sources, and either can be down alone.</summary>
    private void TakeSources(ClusterStatus? cluster, DateTimeOffset now)
    {
        if (cluster is null)
        {
            Leases.Fail(Cluster.Failure!, now);
            Terms.Fail(Cluster.Failure!, now);
            return;
        }

        Leases.Take(cluster.Redis, now);
        Terms.Take(cluster.Postgres, now);
    }

    private static void Take<T>(LiveValue<T> part, T? value, string name, AdminOverview overview, DateTimeOffset now)
        where T : class
    {
        if (value is not null)
            part.Set(value, now);
        else
            part.Fail(
                overview.Unavailable.FirstOrDefault(entry => entry.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value
                    ?? "The Api could not read it.",
                now
            );
    }
}
