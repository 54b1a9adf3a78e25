using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Operations;

/// <summary>
/// Status of the whole cluster for a dashboard. Each part is read separately with a timeout, so that one failing part is reported with its
/// reason and does not hide the others.
/// </summary>
public sealed partial class Overview(
    ClusterReader cluster,
    Database database,
    ReconciliationReader reconciliation,
    SettlementReader settlement,
    TimeProvider clock,
    ILogger<Overview> logger
)
{
    /// <summary>Below the time that the console allows a node for an answer.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(1_500);

    public async Task<AdminOverview> ReadAsync(CancellationToken cancellationToken)
    {
        var unavailable = new Dictionary<string, string>();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        var clusterPart = PartAsync("cluster", token => cluster.StatusAsync(withAddresses: true, token));
        var reconciliationPart = PartAsync("reconciliation", reconciliation.StatusAsync);
        var settlementPart = PartAsync("settlement", settlement.SettlementAsync);
        var throughputPart = PartAsync("throughput", settlement.ThroughputAsync);
        var (clusterStatus, reconciliationStatus) = (await clusterPart, await reconciliationPart);
        var (settlementView, throughput) = (await settlementPart, await throughputPart);
        lock (unavailable)
        {
            return new AdminOverview(
                clock.GetUtcNow(),
                clusterStatus,
                database.Status(),
                reconciliationStatus,
                settlementView,
                throughput,
                new Dictionary<string, string>(unavailable)
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
