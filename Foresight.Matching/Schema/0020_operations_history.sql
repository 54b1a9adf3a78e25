-- Figures of the whole cluster, one row for each 10 seconds, for the charts of the operations API (docs/decisions/0720). The holder of
-- settlement's term writes it under its fence and removes rows older than 24 hours, so that the table keeps some 8,650 rows. A figure that
-- could not be read is null, never zero.
CREATE TABLE operations_history (
    -- Start of the 10 seconds. The key bounds the number of rows, whatever terms follow each other.
    at                timestamptz PRIMARY KEY,
    node_id           text NOT NULL,
    epoch             bigint NOT NULL,
    orders_per_second double precision,
    trades_per_second double precision,
    -- Of the node that commits slowest, because percentiles of several nodes cannot be merged.
    commit_p50_ms     double precision,
    commit_p99_ms     double precision,
    -- Replicas that stream from the primary, and write-ahead log that the last of them has not replayed.
    replicas          int,
    replica_lag_bytes bigint,
    unsettled_trades  bigint,
    hub_connections   int,
    -- Words of HistoryProblems; empty while all is well.
    problems          text[] NOT NULL
);

-- Marks of failovers beside the figures.
CREATE INDEX leadership_history_by_time ON leadership_history (acquired_at);
