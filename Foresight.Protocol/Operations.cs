using System.Text.Json.Serialization;

namespace Foresight.Protocol;

/// <summary>Requests of one address that were refused for their admin key, in one minute.</summary>
/// <param name="Address">An IPv4 address, or the /64 of an IPv6 address.</param>
/// <param name="Wrong">Wrong keys that were compared.</param>
/// <param name="Unread">Attempts after those, refused without a look at their key.</param>
public sealed record RefusedKeysView(string Address, DateTimeOffset Minute, int Wrong, int Unread, DateTimeOffset LastAt);

/// <param name="HasLeader">
/// Every shard of the matching engine is known to have a leader. Postgres is asked where Redis shows none that can be believed, so an
/// outage of Redis alone does not make it false.
/// </param>
/// <param name="Leader">Of shard 0, the only shard unless several are configured.</param>
/// <param name="Nodes">From Redis.</param>
/// <param name="Resources">From Postgres, like the failovers.</param>
/// <param name="Redis">Source of the nodes, with the age of its data.</param>
/// <param name="Postgres">Source of terms and failovers, with the age of its data.</param>
/// <param name="Expected">How many nodes of each kind should live, by the answering node's setting; null if it has none.</param>
public sealed record ClusterStatus(
    bool HasLeader,
    LeaderView? Leader,
    IReadOnlyList<NodeRecord> Nodes,
    IReadOnlyList<LeadershipView> Resources,
    IReadOnlyList<FailoverView> Failovers,
    IReadOnlyList<ShardLeaderView>? Shards = null,
    SourceView? Redis = null,
    SourceView? Postgres = null,
    IReadOnlyDictionary<string, int>? Expected = null
);

/// <param name="State">
/// up, down. The data of a source that is down is what it returned last, because operators look when something is down.
/// </param>
/// <param name="ReadAt">Time at which the answering node read that data; null if it never could, and then the data is empty.</param>
public sealed record SourceView(string State, DateTimeOffset? ReadAt)
{
    public const string Up = "up";
    public const string Down = "down";
}

/// <param name="Leader">Null while no node leads the shard.</param>
/// <param name="LastFailover">However long ago it was; null while the first leader still leads.</param>
public sealed record ShardLeaderView(int Shard, string Resource, LeaderView? Leader, FailoverView? LastFailover = null);

/// <summary>Holder of the lease; of the last term, which may have lost it since, if the lease cannot be read.</summary>
/// <param name="LeaseRemainingMs">By the database's clock; null if the lease cannot be read.</param>
/// <param name="State">State in the registry of nodes; "unknown" if it cannot be read.</param>
public sealed record LeaderView(string NodeId, string Address, long Epoch, DateTimeOffset Since, double? LeaseRemainingMs, string State);

/// <summary>A row of Postgres's leadership table, which decides who may write.</summary>
/// <param name="LeaseEnd">When the lease ends or ended unless it is renewed; null if it was given back.</param>
public sealed record LeadershipView(string Resource, long Epoch, string? NodeId, DateTimeOffset? Since, DateTimeOffset? LeaseEnd = null);

/// <param name="Phases">
/// Milliseconds from the start of the take-over: detected, lease, fenced, recovered, first_ack. A phase not reached is absent.
/// </param>
/// <param name="Reason">One of <see cref="TakeOverReasons"/>; null of terms of earlier versions.</param>
public sealed record FailoverView(
    string Resource,
    long Epoch,
    string NodeId,
    string? PreviousNodeId,
    DateTimeOffset At,
    IReadOnlyDictionary<string, double> Phases,
    string? Reason = null
);

public sealed record DatabaseStatus(ServerView Primary, IReadOnlyList<ServerView> Replicas, long ReadsFromPrimary, long ReadsFromReplicas);

/// <param name="LagBytes">
/// Write-ahead log not yet replayed, measured at the primary, because a frozen replica believes that it is up to date
/// (docs/decisions/0502); null when unknown.
/// </param>
/// <param name="IsOut">An operator has taken it out of rotation, and the answering node honours that.</param>
/// <param name="FailingSince">
/// When the first of the checks failed that have all failed since, or found it too far behind, as the answering node saw it; null while
/// the last one succeeded.
/// </param>
public sealed record ServerView(
    string Name,
    string Role,
    string Host,
    bool Healthy,
    int Weight,
    int ConsecutiveFailures,
    long? LagBytes,
    double? LagSeconds,
    double? LatencyMs,
    DateTimeOffset? CheckedAt,
    string? Error,
    long Reads,
    bool IsOut = false,
    DateTimeOffset? FailingSince = null
);

/// <param name="OpenByAge">Discrepancies that wait for a decision: every bucket of <see cref="DiscrepancyAges"/>, in order.</param>
/// <param name="Solvency">Result of the last run that compared balances; null if no run has.</param>
/// <param name="FourEyesOver">USDC above which two keys must decide, decimal; null: one key suffices.</param>
/// <param name="Critical">Null if none waits for a decision.</param>
/// <param name="ComparedAt">End of the last run that succeeded; null before the first.</param>
public sealed record ReconciliationStatus(
    bool Running,
    DateTimeOffset? NextRunAt,
    TimeSpan Interval,
    bool AutoFix,
    RunView? LastRun,
    long CoveredToBlock,
    long HeadBlock,
    int OpenDiscrepancies,
    IReadOnlyDictionary<string, int> OpenByKind,
    IReadOnlyList<AgeCount>? OpenByAge = null,
    SolvencyView? Solvency = null,
    string? FourEyesOver = null,
    CriticalView? Critical = null,
    DateTimeOffset? ComparedAt = null
);

/// <summary>Discrepancies of the highest severity that wait for a decision.</summary>
/// <param name="OldestAt">When the first of them was first seen.</param>
public sealed record CriticalView(int Count, DateTimeOffset OldestAt);

public sealed record AgeCount(string Age, int Count);

/// <summary>Decimal USDC of all accounts together.</summary>
/// <param name="Delta">Chain minus ledger; 0 on clean data.</param>
/// <param name="Holdings">Number of compared pairs of account and asset.</param>
public sealed record SolvencyView(string Ledger, string Chain, string Delta, long Holdings, long RunId, DateTimeOffset At);

/// <param name="DryRun">The run plans automatic repairs and makes none, see <c>GET /reconciliation/runs/{id}/repairs</c>.</param>
/// <param name="RequestedBy">
/// As the requester named itself, which proves nothing; <paramref name="RequestedKey"/> does. Null for a scheduled run.
/// </param>
/// <param name="Note">Parts that the run left out, with the reason; null if there are none.</param>
/// <param name="Reason">Why it was asked for; null for a scheduled run, and in requests of earlier versions.</param>
public sealed record RunView(
    long Id,
    string Trigger,
    string State,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt,
    long FromBlock,
    long ToBlock,
    long TradesCompared,
    int Found,
    int New,
    string? Error,
    string NodeId,
    bool DryRun = false,
    int Repaired = 0,
    string? RequestedBy = null,
    string? RequestedKey = null,
    string? Note = null,
    string? Reason = null
);

/// <param name="State">covered, failed, undone (by a reorganisation, after it was covered).</param>
/// <param name="RunId">
/// For a range that was covered long ago the newest of the runs that covered it, because old coverage is folded (docs/decisions/0652).
/// </param>
public sealed record CoverageView(long FromBlock, long ToBlock, string State, long RunId, DateTimeOffset At, string? Error);

/// <param name="Key">
/// Natural key, so that a later run recognizes it: kind and trade id (or transaction and log index for a fill the journal does not know).
/// </param>
/// <param name="OnChain">Evidence of the chain's side, as JSON; null if it has none.</param>
/// <param name="OffChain">Evidence of the journal's side, as JSON; null if it has none.</param>
/// <param name="Amount">USDC at stake, decimal; null if unknown.</param>
/// <param name="IgnoredUntil">Time at which an ignored discrepancy that is still found is reopened; null: never.</param>
/// <param name="AbsentSince">Time since which the runs that covered its place no longer find it.</param>
/// <param name="Proof">Log, receipt, block and signed orders, as JSON; in a list always null.</param>
/// <param name="Second">First half of a four-eyes decision, which waits for a second key.</param>
public sealed record DiscrepancyView(
    long Id,
    string Key,
    string Kind,
    string Severity,
    string State,
    int? MarketId,
    long? TradeId,
    string? TransactionHash,
    long? BlockNumber,
    string Summary,
    string? OnChain,
    string? OffChain,
    DateTimeOffset FirstSeenAt,
    DateTimeOffset LastSeenAt,
    string? Note,
    string? ChangedBy,
    DateTimeOffset? ChangedAt,
    string? Amount = null,
    string? Assignee = null,
    DateTimeOffset? IgnoredUntil = null,
    DateTimeOffset? AbsentSince = null,
    string? Proof = null,
    SecondView? Second = null
);

/// <param name="Key">Name of the key that made the first half, because the second half needs another.</param>
public sealed record SecondView(string Action, string By, string Key, DateTimeOffset At);

/// <param name="Actor">As the caller named itself, which proves nothing; <paramref name="Key"/> does.</param>
/// <param name="Key">Name of the admin key that authenticated the caller; null for the reconciler itself.</param>
/// <param name="Batch">The same for all entries of one decision; null for what no operator decided.</param>
/// <param name="Before">For a repair, the journal's values before it, as JSON.</param>
/// <param name="After">For a repair, the journal's values after it, as JSON.</param>
public sealed record DiscrepancyAuditView(
    long Id,
    DateTimeOffset At,
    string Actor,
    string Action,
    string FromState,
    string ToState,
    string? Note,
    string? Key = null,
    Guid? Batch = null,
    string? Before = null,
    string? After = null
);

public sealed record DiscrepancyDetail(DiscrepancyView Discrepancy, IReadOnlyList<DiscrepancyAuditView> Audit);

/// <param name="Note">1..2000 characters; required.</param>
/// <param name="Action">One of <see cref="DiscrepancyActions"/>; default resolve.</param>
/// <param name="Until">For ignore: time at which it is reopened if still found, in the future and at most a year away; null: never.</param>
/// <param name="Assignee">For assign: the new assignee, up to 100 characters; null or empty for none.</param>
public sealed record ResolveRequest(string? Note = null, string? Action = null, DateTimeOffset? Until = null, string? Assignee = null);

/// <summary>Discrepancies to which the decision does not apply are listed in the answer and do not hold up the others.</summary>
/// <param name="Ids">1..5000, each once.</param>
/// <param name="Undoes">
/// Batch of the decision that this takes back: refused for each discrepancy about which anything but a note was recorded after it.
/// </param>
public sealed record BulkResolveRequest(
    IReadOnlyList<long> Ids,
    string? Note = null,
    string? Action = null,
    DateTimeOffset? Until = null,
    string? Assignee = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Undoes = null
);

/// <param name="Awaiting">Changed ones that wait for a second key, because their amount needs two people.</param>
/// <param name="Before">What each changed one was when the decision met it, so that it can be taken back.</param>
public sealed record BulkResolveResponse(
    Guid Batch,
    int Changed,
    int Awaiting,
    IReadOnlyList<BulkRefusal> Refused,
    IReadOnlyList<DiscrepancyBefore>? Before = null
);

/// <param name="Waited">It had the first half of a decision by two keys.</param>
public sealed record DiscrepancyBefore(long Id, string State, string? Assignee, DateTimeOffset? IgnoredUntil, bool Waited);

public sealed record BulkRefusal(long Id, string Code, string Reason);

/// <param name="Note">Why; 1 to 2,000 characters. It stays with the run unless the request joins one.</param>
public sealed record TriggerRequest(string? Note = null, bool DryRun = false);

public sealed record TriggerResponse(long RunId, bool AlreadyRunning);

public sealed record RepairView(
    long Id,
    long RunId,
    long? DiscrepancyId,
    string Key,
    string Kind,
    string State,
    string Before,
    string After,
    string? Reason,
    DateTimeOffset At
);

/// <param name="ReportedAt">When the holder of settlement last wrote its status, which it does every second; null before the first.</param>
/// <param name="HaltedSince">Null while settlement is not halted, and if an earlier version halted it.</param>
/// <param name="ReportAge">Of that status when it was read, by the database's clock, which wrote it; null before the first.</param>
/// <param name="HeadAge">Time since the head last changed, by the same clock; null if that was before it was recorded.</param>
/// <param name="WaitingSince">When the oldest trade was matched that is neither final nor failed; null if none waits.</param>
/// <param name="SettledAt">When a trade last became final or failed; null before the first.</param>
/// <param name="LowBalanceEth">Below it the signer needs gas money, by the holder's setting.</param>
/// <param name="BalanceLowSince">Null while the signer has more than that.</param>
/// <param name="Firm">Null where there is no vault.</param>
public sealed record SettlementView(
    IReadOnlyDictionary<string, long> TradesByState,
    long HeadBlock,
    long ConfirmedBlock,
    int Confirmations,
    string? SignerAddress,
    string? SignerBalanceEth,
    string? HolderNodeId,
    string? LastError,
    DateTimeOffset? LastErrorAt,
    string? Halted = null,
    IReadOnlyList<ChainEndpointView>? Endpoints = null,
    DateTimeOffset? ReportedAt = null,
    DateTimeOffset? HaltedSince = null,
    TimeSpan? ReportAge = null,
    TimeSpan? HeadAge = null,
    DateTimeOffset? WaitingSince = null,
    DateTimeOffset? SettledAt = null,
    string? LowBalanceEth = null,
    DateTimeOffset? BalanceLowSince = null,
    FirmView? Firm = null
);

/// <param name="Name">rpc-1, rpc-2 … in the order of RPC_URLS, because a URL may contain a provider's key.</param>
/// <param name="IsWell">False if the endpoint is asked only after all others.</param>
/// <param name="Behind">Blocks behind the best endpoint; null if it has never reported its head.</param>
/// <param name="OutSince">When the reporting node found it unwell; null while it is well.</param>
public sealed record ChainEndpointView(string Name, bool IsWell, long? Head, long? Behind, string? Error, DateTimeOffset? OutSince = null);

/// <param name="OrdersPerSecond">Over the last 10 seconds.</param>
public sealed record ThroughputView(double OrdersPerSecond, double TradesPerSecond, long LastSequence, long OpenOrders, long TotalTrades);

/// <summary>
/// A part that could not be read is null and named in <see cref="Unavailable"/>, with the reason, because an outage must not look like
/// an empty system.
/// </summary>
public sealed record AdminOverview(
    DateTimeOffset At,
    ClusterStatus? Cluster,
    DatabaseStatus? Database,
    ReconciliationStatus? Reconciliation,
    SettlementView? Settlement,
    ThroughputView? Throughput,
    IReadOnlyDictionary<string, string> Unavailable,
    OperatorControls? Controls = null
);

public sealed record MatchingNodeStatus(
    string NodeId,
    string State,
    long Epoch,
    long Sequence,
    double OrdersPerSecond,
    double TradesPerSecond,
    long OpenOrders,
    DateTimeOffset StartedAt,
    int Shard = 0
)
{
    public long Signatures { get; init; }

    /// <summary>
    /// Fewer than <see cref="Signatures"/> under load, because the leader then checks a random part (docs/decisions/0441).
    /// </summary>
    public long SignaturesChecked { get; init; }

    /// <summary>Nodes that its gateway refuses for now, because they sent what no sound node sends.</summary>
    public IReadOnlyList<PutOutNode> PutOut { get; init; } = [];

    /// <summary>
    /// Half of the commits of the last 10 seconds, of all its shards, took at most this; null if there was none, and from an older version.
    /// </summary>
    public double? CommitP50Ms { get; init; }

    /// <summary>99 of 100 of them took at most this.</summary>
    public double? CommitP99Ms { get; init; }
}

/// <param name="NodeId">
/// As the node named itself when it proved that it holds the cluster's secret, so it may have another name the next time.
/// </param>
public sealed record PutOutNode(string NodeId, string Reason, DateTimeOffset Until)
{
    /// <summary>Address from which it connected, and from which alone it is refused; null from a leader of an older version.</summary>
    public string? Host { get; init; }
}
