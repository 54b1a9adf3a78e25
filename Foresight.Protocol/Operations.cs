namespace Foresight.Protocol;

// Bodies of the operations API: /cluster, /database, /reconciliation, /admin. The console shows exactly these.

/// <param name="HasLeader">Every shard of the matching engine is known to have one; false while Redis cannot say.</param>
/// <param name="Leader">Of shard 0, which is all of them unless there are several.</param>
/// <param name="Nodes">By Redis' word.</param>
/// <param name="Resources">By Postgres' word, as the failovers are.</param>
/// <param name="Shards">The leader of each shard.</param>
/// <param name="Redis">Whether nodes and leases are of now.</param>
/// <param name="Postgres">Whether terms and failovers are of now.</param>
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

/// <param name="State">up, down. What a source that is down says is what it said last.</param>
/// <param name="ReadAt">When it said so, to the node that was asked; null: never, and what it would say is left empty.</param>
public sealed record SourceView(string State, DateTimeOffset? ReadAt)
{
    public const string Up = "up";
    public const string Down = "down";
}

/// <param name="Leader">Null while nobody leads it.</param>
/// <param name="LastFailover">However long ago; null while its first leader is still in office.</param>
public sealed record ShardLeaderView(int Shard, string Resource, LeaderView? Leader, FailoverView? LastFailover = null);

/// <summary>Who holds the lease. While Redis cannot say: who took the last term, in the state "unknown".</summary>
/// <param name="Epoch">0 for the moment between lease and term.</param>
/// <param name="LeaseRemainingMs">By Redis' clock; null while Redis cannot say.</param>
/// <param name="State">As the node says it in the registry; "unknown" if nobody can say.</param>
public sealed record LeaderView(string NodeId, string Address, long Epoch, DateTimeOffset Since, double? LeaseRemainingMs, string State);

/// <summary>A row of the leadership table: who may write, by Postgres' word.</summary>
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

/// <param name="OpenByAge">Of those that wait for a decision, by how long ago they were first seen: every bucket of <see
/// cref="DiscrepancyAges"/>, in order.</param>
/// <param name="Solvency">Of the last run that compared balances; null: none has.</param>
/// <param name="FourEyesOver">USDC over which two keys must decide, decimal; null: one is enough.</param>
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

/// <summary>What all accounts own of USDC, as the ledger and as the chain say it. Decimal USDC.</summary>
/// <param name="Delta">Chain less ledger; 0 on clean data.</param>
/// <param name="Holdings">Accounts times assets that were compared.</param>
public sealed record SolvencyView(string Ledger, string Chain, string Delta, long Holdings, long RunId, DateTimeOffset At);

/// <param name="State">requested, running, succeeded, failed.</param>
/// <param name="DryRun">It says what automatic repair would do: <c>GET /reconciliation/runs/{id}/repairs</c>.</param>
/// <param name="Repaired">Repairs that it made.</param>
/// <param name="RequestedBy">Who asked for it, as they said; null: the schedule.</param>
/// <param name="RequestedKey">Name of the key that they showed.</param>
/// <param name="Note">What of it was left out, and why; null: nothing.</param>
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
/// <param name="RunId">Of blocks that were covered long ago, the newest of the runs that did.</param>
public sealed record CoverageView(long FromBlock, long ToBlock, string State, long RunId, DateTimeOffset At, string? Error);

/// <param name="Key">Natural key: kind and trade id (or transaction and log index for a fill the journal does not know).</param>
/// <param name="Kind">missing_onchain, missing_offchain, amount_mismatch, status_mismatch, balance_mismatch.</param>
/// <param name="Severity">low, medium, high, critical.</param>
/// <param name="State">open, acknowledged, resolved, ignored, reopened.</param>
/// <param name="OnChain">Evidence of the chain's side, as JSON; null if it has none.</param>
/// <param name="OffChain">Evidence of the journal's side, as JSON; null if it has none.</param>
/// <param name="Amount">USDC at stake, decimal; null: unknown.</param>
/// <param name="IgnoredUntil">Of an ignored one: from then on it asks again. Null: it does not.</param>
/// <param name="AbsentSince">Since when runs that looked where it was do not find it any more.</param>
/// <param name="Proof">Log, receipt, block and signed orders, as JSON; in a list always null.</param>
/// <param name="Second">A decision that waits for somebody with another key.</param>
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

/// <param name="Actor">Who the caller said they are. It is claimed, not proven; what is proven is <paramref name="Key"/>.</param>
/// <param name="Key">Name of the admin key that was shown; null for the reconciler itself.</param>
/// <param name="Batch">The same for all entries of one bulk decision.</param>
/// <param name="Before">Of a repair: what the journal said, as JSON.</param>
/// <param name="After">Of a repair: what it says since then, as JSON.</param>
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
/// <param name="Until">With ignore: it asks again from then on. In the future, at most a year away. Null: it does not.</param>
/// <param name="Assignee">With assign: whose it is, up to 100 characters; null or empty: nobody's.</param>
public sealed record ResolveRequest(string? Note = null, string? Action = null, DateTimeOffset? Until = null, string? Assignee = null);

/// <summary>
/// <c>POST /reconciliation/resolve</c>: one decision about many. Those that it does not fit are named, and the others are decided.
/// </summary>
/// <param name="Ids">1..500, each once.</param>
public sealed record BulkResolveRequest(
    IReadOnlyList<long> Ids,
    string? Note = null,
    string? Action = null,
    DateTimeOffset? Until = null,
    string? Assignee = null
);

/// <param name="Batch">Finds all of its entries in the audit trails.</param>
/// <param name="Awaiting">Of the changed ones those that wait for somebody with another key.</param>
public sealed record BulkResolveResponse(Guid Batch, int Changed, int Awaiting, IReadOnlyList<BulkRefusal> Refused);

/// <param name="Code">not_found, state_conflict, second_person_needed.</param>
public sealed record BulkRefusal(long Id, string Code, string Reason);

/// <summary><c>POST /reconciliation/trigger</c>; without a body an ordinary run.</summary>
/// <param name="DryRun">The run says in addition what automatic repair would do, and repairs nothing.</param>
public sealed record TriggerRequest(bool DryRun = false);

public sealed record TriggerResponse(long RunId, bool AlreadyRunning);

/// <summary>What automatic repair did in a run, or in a dry run would do.</summary>
/// <param name="State">planned, done, refused.</param>
/// <param name="Before">What the journal says before, as JSON.</param>
/// <param name="After">And after.</param>
/// <param name="Reason">Why it was refused; null else.</param>
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
/// <param name="IsWell">It is asked in its turn; one that is not is asked last.</param>
/// <param name="Behind">Blocks behind the best endpoint; null: it never told its head.</param>
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

/// <summary>What a matching node says of itself and of one shard at its gateway (<c>GET /gateway/status?shard=</c>).</summary>
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
