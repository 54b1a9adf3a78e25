using Foresight.Api.Operations.Acts;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Operations;

public sealed record OverviewReaders(
    ClusterReader Cluster,
    ReconciliationReader Reconciliation,
    SettlementReader Settlement,
    OperatorControlReader Controls
);

/// <summary>
/// Each part is read separately with a timeout, so that one failing part is reported with its reason and does not hide the others.
/// </summary>
public sealed partial class Overview(OverviewReaders readers, Database database, TimeProvider clock, ILogger<Overview> logger)
{
    /// <summary>Below the time that the console allows a node for an answer, so that a slow part does not cost it the others.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(1_100);

    public async Task<AdminOverview> ReadAsync(CancellationToken cancellationToken)
    {
        var unavailable = new Dictionary<string, string>();
        using var bound = new QueryTimeout(Bound, clock, cancellationToken);
        var clusterPart = PartAsync("cluster", token => readers.Cluster.StatusAsync(withAddresses: true, token));
        var reconciliationPart = PartAsync("reconciliation", readers.Reconciliation.StatusAsync);
        var settlementPart = PartAsync("settlement", readers.Settlement.SettlementAsync);
        var throughputPart = PartAsync("throughput", readers.Settlement.ThroughputAsync);
        var controlsPart = PartAsync("controls", readers.Controls.ReadAsync);
        var (clusterStatus, reconciliationStatus) = (await clusterPart, await reconciliationPart);
        var (settlementView, throughput) = (await settlementPart, await throughputPart);
        var controls = await controlsPart;
        lock (unavailable)
        {
            return new AdminOverview(
                clock.GetUtcNow(),
                clusterStatus,
                database.Status(),
                reconciliationStatus,
                settlementView,
                throughput,
                new Dictionary<string, string>(unavailable),
                controls
            );
        }

        async Task<T?> PartAsync<T>(string name, Func<CancellationToken, Task<T>> read)
            where T : class
        {
            try
            {
                // WaitAsync bounds the wait too, because not every client library honours its cancellation token.
                return await Task.Run(() => read(bound.Token), bound.Token).WaitAsync(Bound, clock, cancellationToken);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                Log.PartFailed(logger, name, error.Message);
                lock (unavailable)
                    unavailable[name] = error is TimeoutException or OperationCanceledException
                        ? "no answer in time"
                        : error.GetType().Name;
                return null;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to read part {Part} of the overview: {Reason}")]
        public static partial void PartFailed(ILogger logger, string part, string reason);
    }
}
