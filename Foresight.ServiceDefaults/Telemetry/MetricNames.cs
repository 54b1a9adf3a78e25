namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>
/// Every metric of the product in one place, so that dashboards, alerts and code cannot drift apart. No label contains an address or an id.
/// </summary>
public static class MetricNames
{
    /// <summary>The meter that all of these belong to; make it with <c>IMeterFactory.Create(MetricNames.Meter)</c>.</summary>
    public const string Meter = "Foresight";

    /// <summary>Gauge: 1 leader, 0 follower; label resource.</summary>
    public const string LeaderStatus = "foresight_leader_status";

    /// <summary>Counter; labels resource, result (won, lost).</summary>
    public const string LeaderElections = "foresight_leader_election_total";

    /// <summary>Gauge; labels kind, state.</summary>
    public const string ClusterNodes = "foresight_cluster_nodes_total";

    /// <summary>Gauge: epoch of this node's term; label resource.</summary>
    public const string LeaderEpoch = "foresight_leader_epoch";

    /// <summary>Counter: transactions that the fence refused; label resource.</summary>
    public const string FenceRejections = "foresight_fence_rejections_total";

    /// <summary>Counter: leases lost before their holder released them; label resource.</summary>
    public const string LeasesLost = "foresight_lease_lost_total";

    /// <summary>Histogram, milliseconds since the term before was last seen alive; labels resource, phase.</summary>
    public const string FailoverPhase = "foresight_failover_phase_ms";

    /// <summary>Counter; labels kind, result.</summary>
    public const string Commands = "foresight_commands_total";

    public const string Trades = "foresight_trades_total";

    public const string CommitDuration = "foresight_commit_duration_seconds";

    /// <summary>Histogram: commands in one commit.</summary>
    public const string BatchSize = "foresight_batch_size";

    /// <summary>Gauge: last committed sequence.</summary>
    public const string JournalSequence = "foresight_journal_sequence";

    public const string PipelineQueue = "foresight_pipeline_queue";

    public const string InDoubtCommits = "foresight_in_doubt_commits_total";

    /// <summary>Counter: commands that made the engine throw, and were refused for it.</summary>
    public const string FailedCommands = "foresight_failed_commands_total";

    /// <summary>Counter; labels channel, direction (published, received).</summary>
    public const string PubSubMessages = "foresight_pubsub_messages_total";

    public const string PubSubSubscriptions = "foresight_pubsub_subscriptions";

    /// <summary>Gauge: 1 connected, 0 not.</summary>
    public const string PubSubConnectionStatus = "foresight_pubsub_connection_status";

    /// <summary>Counter: messages of a lower epoch, dropped; label channel.</summary>
    public const string PubSubStale = "foresight_pubsub_stale_total";

    /// <summary>Counter: gaps found in a channel; label channel.</summary>
    public const string PubSubGaps = "foresight_pubsub_gaps_total";

    /// <summary>Counter: notices over the backplane; labels topic, result (sent, received, dropped).</summary>
    public const string Notices = "foresight_notices_total";

    /// <summary>Gauge: clients of this node's hub.</summary>
    public const string HubConnections = "foresight_ws_cluster_connections";

    /// <summary>Gauge; label topic.</summary>
    public const string HubSubscriptions = "foresight_ws_cluster_subscriptions";

    /// <summary>Histogram, milliseconds from receipt of a message to its last client's socket.</summary>
    public const string HubBroadcastLatency = "foresight_ws_cluster_broadcast_latency_ms";

    /// <summary>Counter: messages sent to clients; label topic.</summary>
    public const string HubMessages = "foresight_ws_cluster_messages_total";

    /// <summary>Counter: depth messages folded into a later one for a client that reads slowly.</summary>
    public const string HubConflated = "foresight_ws_cluster_conflated_total";

    /// <summary>Counter: clients closed by the server; label reason.</summary>
    public const string HubClosed = "foresight_ws_cluster_closed_total";

    /// <summary>Gauge; label server.</summary>
    public const string DatabaseConnections = "foresight_db_connections_active";

    /// <summary>Counter; labels server, query, result (ok, error).</summary>
    public const string DatabaseQueries = "foresight_db_queries_total";

    /// <summary>Histogram, milliseconds; labels server, query.</summary>
    public const string DatabaseQueryLatency = "foresight_db_query_latency_ms";

    /// <summary>Gauge: 1 in use, 0 out; label replica.</summary>
    public const string DatabaseReplicaHealth = "foresight_db_replica_health";

    /// <summary>Gauge, bytes; label replica.</summary>
    public const string DatabaseReplicaLag = "foresight_db_replica_lag_bytes";

    /// <summary>Counter: reads that a replica failed and the primary answered; label replica.</summary>
    public const string DatabaseFallbacks = "foresight_db_fallbacks_total";

    /// <summary>Histogram, seconds; labels route, method, status.</summary>
    public const string ApiRequestDuration = "api_request_duration_seconds";

    /// <summary>Counter; labels action (place, cancel), code.</summary>
    public const string ApiOrders = "foresight_api_orders_total";

    /// <summary>Gauge: accounts that are limited because trades failed by their doing; label level (capped, refused).</summary>
    public const string Offenders = "foresight_offenders";

    /// <summary>Counter; label state (final, failed).</summary>
    public const string SettledTrades = "foresight_settlement_trades_total";

    /// <summary>Counter; label state.</summary>
    public const string SettlementBatches = "foresight_settlement_batches_total";

    /// <summary>Counter: trades that failed for good; label reason.</summary>
    public const string BustTrades = "foresight_settlement_bust_total";

    /// <summary>Counter: holdings that an unconfirmed block made smaller.</summary>
    public const string HeadReductions = "foresight_settlement_head_reductions_total";

    /// <summary>Gauge: trades matched and not final.</summary>
    public const string SettlementPending = "foresight_settlement_pending";

    /// <summary>Gauge: 1 while settlement has stopped by itself and waits for a person, else 0.</summary>
    public const string SettlementHalted = "foresight_settlement_halted";

    /// <summary>Gauge, ether: balance of the operator's account, which pays for gas.</summary>
    public const string SignerBalance = "foresight_settlement_signer_balance_eth";

    public const string ChainHead = "foresight_chain_head_block";

    /// <summary>Gauge: 1 in use, 0 asked last; label endpoint (rpc-1, rpc-2 … in the order of RPC_URLS).</summary>
    public const string ChainEndpointHealth = "foresight_chain_endpoint_health";

    /// <summary>Gauge: blocks behind the best endpoint; label endpoint.</summary>
    public const string ChainEndpointLag = "foresight_chain_endpoint_lag_blocks";

    public const string BlockProcessingDuration = "block_processing_duration_seconds";

    /// <summary>Counter; labels trigger, result.</summary>
    public const string ReconciliationRuns = "foresight_reconciliation_runs_total";

    /// <summary>Counter; label kind.</summary>
    public const string ReconciliationDiscrepancies = "foresight_reconciliation_discrepancies_total";

    /// <summary>Counter: fills that bypassed the relayer, beyond those that a run lists one by one.</summary>
    public const string ReconciliationUntoldFills = "foresight_reconciliation_untold_fills_total";

    public const string ReconciliationDuration = "foresight_reconciliation_duration_seconds";

    /// <summary>Gauge: discrepancies that are not resolved or ignored.</summary>
    public const string ReconciliationPending = "foresight_reconciliation_pending_items";

    /// <summary>Counter; label result.</summary>
    public const string BalanceChecks = "foresight_balance_checks_total";

    public const string BalanceMismatches = "foresight_balance_mismatches_total";

    /// <summary>Gauge, USDC; label side (ledger, chain).</summary>
    public const string SystemTotalBalance = "foresight_system_total_balance";
}
