namespace Foresight.Contracts;

// Bodies of the operations API: /cluster, /database, /reconciliation, /admin. The console shows exactly these.

/// <param name="HasLeader">Every shard of the matching engine has one.</param>
/// <param name="Leader">Of shard 0, which is all of them unless there are several.</param>
/// <param name="Shards">The leader of each shard.</param>
public sealed record ClusterStatus(
    bool HasLeader,
    LeaderView? Leader,
    IReadOnlyList<NodeRecord> Nodes,
    IReadOnlyList<LeadershipView> Resources,
    IReadOnlyList<FailoverView> Failovers,
    IReadOnlyList<ShardLeaderView>? Shards = null);

/// <param name="Leader">Null while nobody leads it.</param>
public sealed record ShardLeaderView(int Shard, string Resource, LeaderView? Leader);

/// <param name="LeaseRemainingMs">By Redis' clock; null while Redis cannot say.</param>
public sealed record LeaderView(string NodeId, string Address, long Epoch, DateTimeOffset Since, double? LeaseRemainingMs, string State);

/// <summary>A row of the leadership table: who may write, by Postgres' word.</summary>
public sealed record LeadershipView(string Resource, long Epoch, string? NodeId, DateTimeOffset? Since);

/// <param name="Phases">Milliseconds from the start of the take-over: detected, lease, fenced, recovered, first_ack. A phase not reached is absent.</param>
public sealed record FailoverView(string Resource, long Epoch, string NodeId, string? PreviousNodeId, DateTimeOffset At, IReadOnlyDictionary<string, double> Phases);

public sealed record DatabaseStatus(ServerView Primary, IReadOnlyList<ServerView> Replicas, long ReadsFromPrimary, long ReadsFromReplicas);

/// <param name="Role">primary, replica.</param>
/// <param name="LagBytes">Write-ahead log not yet replayed, against the primary; null when unknown.</param>
public sealed record ServerView(
    string Name, string Role, string Host, bool Healthy, int Weight, int ConsecutiveFailures, long? LagBytes, double? LagSeconds, double? LatencyMs,
    DateTimeOffset? CheckedAt, string? Error, long Reads);

public sealed record ReconciliationStatus(
    bool Running, DateTimeOffset? NextRunAt, TimeSpan Interval, bool AutoFix, RunView? LastRun, long CoveredToBlock, long HeadBlock,
    int OpenDiscrepancies, IReadOnlyDictionary<string, int> OpenByKind);

/// <param name="State">running, succeeded, failed.</param>
public sealed record RunView(
    long Id, string Trigger, string State, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, long FromBlock, long ToBlock, long TradesCompared,
    int Found, int New, string? Error, string NodeId);

public sealed record CoverageView(long FromBlock, long ToBlock, string State, long RunId, DateTimeOffset At, string? Error);

/// <param name="Key">Natural key: kind and trade id (or transaction and log index for a fill the journal does not know).</param>
/// <param name="Kind">missing_onchain, missing_offchain, amount_mismatch, status_mismatch, balance_mismatch.</param>
/// <param name="Severity">low, medium, high, critical.</param>
/// <param name="State">open, acknowledged, resolved, ignored, reopened.</param>
/// <param name="OnChain">Evidence of the chain's side, as JSON; null if it has none.</param>
/// <param name="OffChain">Evidence of the journal's side, as JSON; null if it has none.</param>
public sealed record DiscrepancyView(
    long Id, string Key, string Kind, string Severity, string State, int? MarketId, long? TradeId, string? TransactionHash, long? BlockNumber,
    string Summary, string? OnChain, string? OffChain, DateTimeOffset FirstSeenAt, DateTimeOffset LastSeenAt, string? Note, string? ChangedBy,
    DateTimeOffset? ChangedAt);

public sealed record DiscrepancyAuditView(long Id, DateTimeOffset At, string Actor, string Action, string FromState, string ToState, string? Note);

public sealed record DiscrepancyDetail(DiscrepancyView Discrepancy, IReadOnlyList<DiscrepancyAuditView> Audit);

/// <summary><c>POST /reconciliation/resolve/{id}</c>.</summary>
/// <param name="Action">resolve (default), acknowledge, ignore, reopen.</param>
/// <param name="Note">Required, 1..2000 characters.</param>
public sealed record ResolveRequest(string Note, string? Action = null);

public sealed record TriggerResponse(long RunId, bool AlreadyRunning);

/// <param name="Halted">Why settlement stopped by itself and waits for a person; null while it works.</param>
/// <param name="Endpoints">The chain's endpoints as the holder of the lease sees them; null where it did not say.</param>
public sealed record SettlementView(
    IReadOnlyDictionary<string, long> TradesByState, long HeadBlock, long ConfirmedBlock, int Confirmations, string? SignerAddress, string? SignerBalanceEth,
    string? HolderNodeId, string? LastError, DateTimeOffset? LastErrorAt, string? Halted = null, IReadOnlyList<ChainEndpointView>? Endpoints = null);

/// <param name="Name">rpc-1, rpc-2 … in the order of RPC_URLS.</param>
/// <param name="IsWell">It is asked in its turn; one that is not is asked last.</param>
/// <param name="Behind">Blocks behind the best endpoint; null: it never told its head.</param>
public sealed record ChainEndpointView(string Name, bool IsWell, long? Head, long? Behind, string? Error);

/// <param name="OrdersPerSecond">Over the last 10 seconds.</param>
public sealed record ThroughputView(double OrdersPerSecond, double TradesPerSecond, long LastSequence, long OpenOrders, long TotalTrades);

/// <summary><c>GET /admin/overview</c>. A part that could not be read is null and named in <see cref="Unavailable"/>, with the reason.</summary>
public sealed record AdminOverview(
    DateTimeOffset At,
    ClusterStatus? Cluster,
    DatabaseStatus? Database,
    ReconciliationStatus? Reconciliation,
    SettlementView? Settlement,
    ThroughputView? Throughput,
    IReadOnlyDictionary<string, string> Unavailable);

/// <summary>What a matching node says of itself and of one shard on its door (<c>GET /door/status?shard=</c>).</summary>
public sealed record MatchingNodeStatus(
    string NodeId, string State, long Epoch, long Sequence, double OrdersPerSecond, double TradesPerSecond, long OpenOrders, DateTimeOffset StartedAt,
    int Shard = 0);
