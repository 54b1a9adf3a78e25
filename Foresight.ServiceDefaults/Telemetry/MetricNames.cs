namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>
/// In one place, so that dashboards, alerts and code cannot drift apart. Kind, unit and labels stand where an instrument is made. No label
/// contains an address or an id.
/// </summary>
public static class MetricNames
{
    /// <summary>
    /// Made with <c>IMeterFactory.Create</c>, because telemetry exports only the meters of <see cref="MetricViews.Meters"/>.
    /// </summary>
    public const string Meter = "Foresight";

    public const string LeaderStatus = "foresight_leader_status";

    public const string LeaderElections = "foresight_leader_election_total";

    public const string ClusterNodes = "foresight_cluster_nodes_total";

    public const string LeaderEpoch = "foresight_leader_epoch";

    public const string FenceRejections = "foresight_fence_rejections_total";

    public const string LeasesLost = "foresight_lease_lost_total";

    /// <summary>Milliseconds since the term before was last seen alive, so that the first phase includes the detection.</summary>
    public const string FailoverPhase = "foresight_failover_phase_ms";

    public const string Commands = "foresight_commands_total";

    public const string Trades = "foresight_trades_total";

    public const string CommitDuration = "foresight_commit_duration_seconds";

    public const string BatchSize = "foresight_batch_size";

    public const string JournalSequence = "foresight_journal_sequence";

    public const string PipelineQueue = "foresight_pipeline_queue";

    public const string InDoubtCommits = "foresight_in_doubt_commits_total";

    public const string FailedCommands = "foresight_failed_commands_total";

    public const string GatewaySignatures = "foresight_gateway_signatures_total";

    public const string GatewayPutOut = "foresight_gateway_put_out_total";

    public const string PubSubMessages = "foresight_pubsub_messages_total";

    public const string PubSubSubscriptions = "foresight_pubsub_subscriptions";

    public const string PubSubConnectionStatus = "foresight_pubsub_connection_status";

    public const string PubSubStale = "foresight_pubsub_stale_total";

    public const string PubSubDropped = "foresight_pubsub_dropped_total";

    public const string PubSubImplausible = "foresight_pubsub_implausible_total";

    public const string PubSubUnhandled = "foresight_pubsub_unhandled_total";

    public const string BooksCompared = "foresight_books_compared_total";

    public const string HintsDropped = "foresight_hints_dropped_total";

    public const string PubSubGaps = "foresight_pubsub_gaps_total";

    public const string Notices = "foresight_notices_total";

    public const string HubConnections = "foresight_ws_cluster_connections";

    public const string HubSubscriptions = "foresight_ws_cluster_subscriptions";

    public const string HubBroadcastLatency = "foresight_ws_cluster_broadcast_latency_ms";

    public const string HubMessages = "foresight_ws_cluster_messages_total";

    public const string HubConflated = "foresight_ws_cluster_conflated_total";

    public const string HubClosed = "foresight_ws_cluster_closed_total";

    public const string DatabaseConnections = "foresight_db_connections_active";

    public const string DatabaseQueries = "foresight_db_queries_total";

    public const string DatabaseQueryLatency = "foresight_db_query_latency_ms";

    public const string DatabaseReplicaHealth = "foresight_db_replica_health";

    public const string DatabaseReplicaLag = "foresight_db_replica_lag_bytes";

    public const string DatabaseFallbacks = "foresight_db_fallbacks_total";

    public const string ApiRequestDuration = "api_request_duration_seconds";

    public const string AdminKeysRefused = "foresight_admin_keys_refused_total";

    public const string ApiOrders = "foresight_api_orders_total";

    public const string Offenders = "foresight_offenders";

    public const string SettledTrades = "foresight_settlement_trades_total";

    public const string SettlementBatches = "foresight_settlement_batches_total";

    public const string BustTrades = "foresight_settlement_bust_total";

    public const string HeadReductions = "foresight_settlement_head_reductions_total";

    public const string UnproposedMarkets = "foresight_settlement_unproposed_markets_total";
    public const string FirmHeld = "foresight_settlement_firm_held_total";

    public const string SettlementPending = "foresight_settlement_pending";

    public const string SettlementHalted = "foresight_settlement_halted";

    /// <summary>Over 300 s no new orders are taken, because no other clock confirms the primary's.</summary>
    public const string DatabaseClockAhead = "foresight_database_clock_ahead_seconds";

    /// <summary>
    /// Seconds since settlement's last final sign of life on chain. At half the longest life of an order no new orders are taken.
    /// </summary>
    public const string SignOfLifeAge = "foresight_sign_of_life_age_seconds";

    /// <summary>This account pays for gas: without ether nothing settles.</summary>
    public const string SignerBalance = "foresight_settlement_signer_balance_eth";

    public const string ChainHead = "foresight_chain_head_block";

    /// <summary>By its number in RPC_URLS (rpc-1, rpc-2 …), because an endpoint's address may contain a key. 0: asked last.</summary>
    public const string ChainEndpointHealth = "foresight_chain_endpoint_health";

    public const string ChainEndpointLag = "foresight_chain_endpoint_lag_blocks";

    public const string BlockProcessingDuration = "block_processing_duration_seconds";

    public const string ReconciliationRuns = "foresight_reconciliation_runs_total";

    public const string ReconciliationDiscrepancies = "foresight_reconciliation_discrepancies_total";

    /// <summary>
    /// Fills that bypassed the relayer, beyond those that a run lists one by one, which strangers could make too many of.
    /// </summary>
    public const string ReconciliationUntoldFills = "foresight_reconciliation_untold_fills_total";

    public const string ReconciliationDuration = "foresight_reconciliation_duration_seconds";

    public const string ReconciliationPending = "foresight_reconciliation_pending_items";

    public const string BalanceChecks = "foresight_balance_checks_total";

    public const string BalanceMismatches = "foresight_balance_mismatches_total";

    public const string SystemTotalBalance = "foresight_system_total_balance";
}
