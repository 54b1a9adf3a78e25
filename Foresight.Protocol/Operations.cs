namespace Foresight.Protocol;

// Bodies of the operations API: /cluster, /database, /reconciliation, /admin. The console shows exactly these.

/// <param name="HasLeader">True if every shard of the matching engine is known to have a leader; false while Redis cannot be read.</param>
/// <param name="Leader">Leader of shard 0, the only shard unless several are configured.</param>
/// <param name="Nodes">From Redis.</param>
/// <param name="Resources">From Postgres, like the failovers.</param>
/// <param name="Redis">Source of nodes and leases: its state, and the age of its data.</param>
/// <param name="Postgres">Source of terms and failovers: its state, and the age of its data.</param>
public sealed record ClusterStatus(
    bool HasLeader,
    LeaderView? Leader,
    IReadOnlyList<NodeRecord> Nodes,
    IReadOnlyList<LeadershipView> Resources,
    IReadOnlyList<FailoverView> Failovers,
    IReadOnlyList<ShardLeaderView>? Shards = null,
    SourceView? Redis = null,
    SourceView? Postgres = null
);

/// <param name="State">up, down. The data of a source that is down is what it returned last.</param>
/// <param name="ReadAt">Time at which the answering node read that data; null if it never could, and then the data is empty.</param>
public sealed record SourceView(string State, DateTimeOffset? ReadAt)
{
    public const string Up = "up";
    public const string Down = "down";
}

/// <param name="Leader">Null while no node leads the shard.</param>
/// <param name="LastFailover">However long ago it was; null while the first leader still leads.</param>
public sealed record ShardLeaderView(int Shard, string Resource, LeaderView? Leader, FailoverView? LastFailover = null);

/// <summary>Holder of the lease. While Redis cannot be read: the holder of the last term, in the state "unknown".</summary>
/// <param name="Epoch">0 between the grant of the lease and the start of the term.</param>
/// <param name="LeaseRemainingMs">By Redis's clock; null while Redis cannot be read.</param>
/// <param name="State">State in the registry of nodes; "unknown" if it cannot be read.</param>
public sealed record LeaderView(string NodeId, string Address, long Epoch, DateTimeOffset Since, double? LeaseRemainingMs, string State);

/// <summary>A row of Postgres's leadership table, which decides who may write.</summary>
public sealed record LeadershipView(string Resource, long Epoch, string? NodeId, DateTimeOffset? Since);

/// <param name="Phases">Milliseconds from the start of the take-over: detected, lease,
/// fenced, recovered, first_ack. A phase not reached is absent.</param>
public sealed record FailoverView(
    string Resource,
    long Epoch,
    string NodeId,
    string? PreviousNodeId,
    DateTimeOffset At,
    IReadOnlyDictionary<string, double> Phases
);

public sealed record DatabaseStatus(ServerView Primary, IReadOnlyList<ServerView> Replicas, long ReadsFromPrimary, long ReadsFromReplicas);

/// <param name="Role">primary, replica.</param>
/// <param name="LagBytes">Write-ahead log not yet replayed, against the primary; null when unknown.</param>
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
    long Reads
);

/// <param name="OpenByAge">Discrepancies that wait for a decision, by the time since their first sighting: every bucket of <see
/// cref="DiscrepancyAges"/>, in order.</param>
/// <param name="Solvency">Result of the last run that compared balances; null if no run has.</param>
/// <param name="FourEyesOver">USDC above which two keys must decide, decimal; null: one key suffices.</param>
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
    string? FourEyesOver = null
);

/// <param name="Age">One of <see cref="DiscrepancyAges"/>.</param>
public sealed record AgeCount(string Age, int Count);

/// <summary>USDC of all accounts together, according to the ledger and to the chain. Decimal USDC.</summary>
/// <param name="Delta">Chain minus ledger; 0 on clean data.</param>
/// <param name="Holdings">Number of compared pairs of account and asset.</param>
public sealed record SolvencyView(string Ledger, string Chain, string Delta, long Holdings, long RunId, DateTimeOffset At);

/// <param name="State">requested, running, succeeded, failed.</param>
/// <param name="DryRun">True: the run also plans automatic repairs, see <c>GET /reconciliation/runs/{id}/repairs</c>.</param>
/// <param name="Repaired">Number of repairs made.</param>
/// <param name="RequestedBy">Name that the requester stated, not verified; null for a scheduled run.</param>
/// <param name="RequestedKey">Name of the admin key that authenticated the request.</param>
/// <param name="Note">Parts that the run left out, with the reason; null if there are none.</param>
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
    string? Note = null
);

/// <param name="State">covered, failed, undone (by a reorganisation, after it was covered).</param>
/// <param name="RunId">For a range that was covered long ago, the newest of the runs that covered it.</param>
public sealed record CoverageView(long FromBlock, long ToBlock, string State, long RunId, DateTimeOffset At, string? Error);

/// <param name="Key">Natural key: kind and trade id (or transaction and log index for a fill the journal does not know).</param>
/// <param name="Kind">missing_onchain, missing_offchain, amount_mismatch, status_mismatch, balance_mismatch.</param>
/// <param name="Severity">low, medium, high, critical.</param>
/// <param name="State">open, acknowledged, resolved, ignored, reopened.</param>
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

/// <param name="Action">resolve, ignore.</param>
/// <param name="Key">Name of the key that made the first half; the second half needs another.</param>
public sealed record SecondView(string Action, string By, string Key, DateTimeOffset At);

/// <param name="Actor">Name that the caller stated; not verified, unlike <paramref name="Key"/>.</param>
/// <param name="Key">Name of the admin key that authenticated the caller; null for the reconciler itself.</param>
/// <param name="Batch">The same for all entries of one bulk decision.</param>
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

/// <summary><c>POST /reconciliation/resolve/{id}</c>.</summary>
/// <param name="Note">1..2000 characters; required, except to assign.</param>
/// <param name="Action">resolve (default), acknowledge, ignore, reopen, assign, note.</param>
/// <param name="Until">For ignore: time at which it is reopened if still found, in the future and at most a year away; null: never.</param>
/// <param name="Assignee">For assign: the new assignee, up to 100 characters; null or empty for none.</param>
public sealed record ResolveRequest(string? Note = null, string? Action = null, DateTimeOffset? Until = null, string? Assignee = null);

/// <summary>
/// <c>POST /reconciliation/resolve</c>: one decision for many discrepancies. Those to which it does not apply are listed in the answer, and
/// the others are decided.
/// </summary>
/// <param name="Ids">1..500, each once.</param>
public sealed record BulkResolveRequest(
    IReadOnlyList<long> Ids,
    string? Note = null,
    string? Action = null,
    DateTimeOffset? Until = null,
    string? Assignee = null
);

/// <param name="Batch">Identifies all entries of the decision in the audit trails.</param>
/// <param name="Awaiting">Number of changed ones that wait for a second key.</param>
public sealed record BulkResolveResponse(Guid Batch, int Changed, int Awaiting, IReadOnlyList<BulkRefusal> Refused);

/// <param name="Code">not_found, state_conflict, second_person_needed.</param>
public sealed record BulkRefusal(long Id, string Code, string Reason);

/// <summary><c>POST /reconciliation/trigger</c>; without a body an ordinary run.</summary>
/// <param name="DryRun">True: the run also plans automatic repairs, and carries out none.</param>
public sealed record TriggerRequest(bool DryRun = false);

public sealed record TriggerResponse(long RunId, bool AlreadyRunning);

/// <summary>A repair that a run made, or that a dry run would make.</summary>
/// <param name="State">planned, done, refused.</param>
/// <param name="Before">The journal's values before the repair, as JSON.</param>
/// <param name="After">The journal's values after the repair, as JSON.</param>
/// <param name="Reason">Cause of a refusal; null for other states.</param>
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
    IReadOnlyList<ChainEndpointView>? Endpoints = null
);

/// <param name="Name">rpc-1, rpc-2 … in the order of RPC_URLS.</param>
/// <param name="IsWell">False if the endpoint is asked only after all others.</param>
/// <param name="Behind">Blocks behind the best endpoint; null if it has never reported its head.</param>
public sealed record ChainEndpointView(string Name, bool IsWell, long? Head, long? Behind, string? Error);

/// <param name="OrdersPerSecond">Over the last 10 seconds.</param>
public sealed record ThroughputView(double OrdersPerSecond, double TradesPerSecond, long LastSequence, long OpenOrders, long TotalTrades);

/// <summary>
/// <c>GET /admin/overview</c>. A part that could not be read is null and named in <see cref="Unavailable"/>, with the reason.
/// </summary>
public sealed record AdminOverview(
    DateTimeOffset At,
    ClusterStatus? Cluster,
    DatabaseStatus? Database,
    ReconciliationStatus? Reconciliation,
    SettlementView? Settlement,
    ThroughputView? Throughput,
    IReadOnlyDictionary<string, string> Unavailable
);

/// <summary>Status of a matching node and one of its shards, from its gateway (<c>GET /gateway/status?shard=</c>).</summary>
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
);
