namespace Foresight.Protocol;

public static class HistoryRanges
{
    public const string Hour = "1h";
    public const string Hours6 = "6h";
    public const string Day = "24h";

    public static readonly IReadOnlyList<string> All = [Hour, Hours6, Day];
}

public static class HistoryLimits
{
    /// <summary>Of every range, so that a chart costs the same to read and to draw.</summary>
    public const int Points = 360;
}

/// <summary>What the writer of the history found wrong at that moment.</summary>
public static class HistoryProblems
{
    /// <summary>A shard of the matching engine had no leader, or its leader did not answer.</summary>
    public const string NoLeader = "no_leader";

    public const string SettlementHalted = "settlement_halted";

    /// <summary>No endpoint of the chain was well.</summary>
    public const string ChainUnreadable = "chain_unreadable";

    /// <summary>The registry of nodes could not be read: Redis was away.</summary>
    public const string RegistryUnreadable = "registry_unreadable";

    public static readonly IReadOnlyList<string> All = [NoLeader, SettlementHalted, ChainUnreadable, RegistryUnreadable];
}

public static class HistoryHealth
{
    public const string Healthy = "healthy";
    public const string Degraded = "degraded";

    /// <summary>Orders were not taken, or trades not settled.</summary>
    public const string Unhealthy = "unhealthy";

    public static readonly IReadOnlyList<string> All = [Healthy, Degraded, Unhealthy];

    public static string Of(IReadOnlyCollection<string> problems) =>
        problems.Count == 0 ? Healthy
        : problems.Any(problem => problem is HistoryProblems.NoLeader or HistoryProblems.SettlementHalted) ? Unhealthy
        : Degraded;
}

/// <summary>
/// One step of the range. Rates are averages over it, every other figure is the worst in it. A figure that was never read is null; a step
/// without any sample is absent, because then nothing was recorded.
/// </summary>
/// <param name="At">Start of the step.</param>
/// <param name="Samples">Number of samples of 10 seconds.</param>
/// <param name="CommitP50Ms">Of the node that commits slowest.</param>
/// <param name="Replicas">The fewest that streamed from the primary.</param>
/// <param name="ReplicaLagBytes">Of the replica that is furthest behind; null without one.</param>
/// <param name="HubConnections">Of all Api nodes, each as of its last heartbeat, about a second before.</param>
/// <param name="Health">One of <see cref="HistoryHealth"/>.</param>
/// <param name="Problems">All <see cref="HistoryProblems"/> in the step.</param>
public sealed record HistoryPoint(
    DateTimeOffset At,
    int Samples,
    double? OrdersPerSecond,
    double? TradesPerSecond,
    double? CommitP50Ms,
    double? CommitP99Ms,
    int? Replicas,
    long? ReplicaLagBytes,
    long? UnsettledTrades,
    int? HubConnections,
    string Health,
    IReadOnlyList<string> Problems
);

/// <param name="Range">One of <see cref="HistoryRanges"/>.</param>
/// <param name="Points">At most 360, oldest first.</param>
/// <param name="Failovers">In the range, newest first, at most 200.</param>
public sealed record HistoryView(
    string Range,
    int StepSeconds,
    DateTimeOffset From,
    DateTimeOffset To,
    IReadOnlyList<HistoryPoint> Points,
    IReadOnlyList<FailoverView> Failovers
);
