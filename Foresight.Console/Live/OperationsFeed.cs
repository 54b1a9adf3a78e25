using Foresight.Console.Api;
using Foresight.Console.Problems;
using Foresight.Protocol;

namespace Foresight.Console.Live;

/// <summary>
/// One request a second is shared by the frame and all its pages. Each part has its own freshness, because the Api reports for each part
/// whether it could be read.
/// </summary>
public sealed class OperationsFeed(
    ForesightApiClient api,
    ThroughputHistory throughput,
    ServerHistory servers,
    ProblemMemory memory,
    TimeProvider clock
)
{
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ReportFreshness _report = new();

    public LiveValue<ClusterStatus> Cluster { get; } = new();

    public SourceFreshness Leases { get; } = new("Redis");

    public SourceFreshness Terms { get; } = new("Postgres");

    public LiveValue<DatabaseStatus> Database { get; } = new();

    public LiveValue<ReconciliationStatus> Reconciliation { get; } = new();

    public LiveValue<SettlementView> Settlement { get; } = new();

    /// <summary>
    /// Of head, endpoints, signer and holder, which are as old as the holder's last report and the chain's last block; the numbers of
    /// trades are Postgres's own, and are not.
    /// </summary>
    public Freshness SettlementReport => Settlement is { HasValue: true, IsStale: false } && _report.IsStale ? _report : Settlement;

    public LiveValue<ThroughputView> Throughput { get; } = new();

    public LiveValue<OperatorControls> Controls { get; } = new();

    /// <summary>Nodes that should be there and are not, as they were last announced.</summary>
    public IReadOnlyList<NodeRecord> MissingNodes { get; private set; } = [];

    /// <summary>The worst first.</summary>
    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    /// <summary>On the circuit's dispatcher, so that handlers need no locks.</summary>
    public event Action? Changed;

    /// <summary>An Api node of an earlier version has no controls, which is no failure.</summary>
    public IEnumerable<Freshness> Parts =>
        [
            Cluster,
            Leases,
            Terms,
            Database,
            Reconciliation,
            Settlement,
            Throughput,
            .. Controls.HasValue || Controls.IsStale ? [Controls] : Array.Empty<Freshness>(),
        ];

    /// <exception cref="KeyRefusedException">Not kept as a failure of the values, because only a new sign-in ends it.</exception>
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
            if (overview.Controls is not null || overview.Unavailable.ContainsKey("controls") || Controls.HasValue)
                Take(Controls, overview.Controls, "controls", overview, now);
            if (overview.Throughput is { } rates)
                throughput.Add(now, rates);
            if (overview.Database is { } database)
                servers.Add(now, database);
            Problems = memory.Observe(overview, now);
            TakeReport(overview.Settlement, now);
            MissingNodes = memory.Missing;
        }
        catch (Exception e) when (e is ApiUnavailableException or ApiRefusedException)
        {
            var now = clock.GetUtcNow();
            foreach (var part in Parts)
                part.Fail(e.Message, now);
            Problems = memory.ObserveOutage(e.Message, Cluster.ReadAt ?? Cluster.FailingSince ?? now, now);
        }

        Changed?.Invoke();
    }

    /// <summary>What the answer to an act has, so that its effect is shown at once.</summary>
    public void Take(OperatorControls controls)
    {
        Controls.Set(controls, clock.GetUtcNow());
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

    private void TakeReport(SettlementView? settlement, DateTimeOffset now)
    {
        if (settlement is null)
            return;
        var isSilent = ProblemRules.IsSilent(settlement, now);
        var head = Problems.FirstOrDefault(problem => problem.Key == ProblemRules.Head);
        _report.Take(
            isSilent ? $"{settlement.HolderNodeId} does not report." : head?.Title,
            isSilent ? settlement.ReportedAt : head?.Since,
            now
        );
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
