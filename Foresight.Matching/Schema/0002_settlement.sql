-- Tables of settlement and reconciliation beside the journal.

-- A development chain may be lost and replaced. Each chain with a deployment is a generation; markets of older generations are closed and
-- kept.
ALTER TABLE deployments ADD COLUMN generation int NOT NULL DEFAULT 1;
-- Added to block numbers in observations for the engine, which must never decrease: a new development chain starts again at block 0.
ALTER TABLE deployments ADD COLUMN block_offset bigint NOT NULL DEFAULT 0;
ALTER TABLE markets ADD COLUMN generation int NOT NULL DEFAULT 1;

ALTER TABLE settlement_batches ADD COLUMN max_fee_wei numeric(78) NOT NULL DEFAULT 0;
ALTER TABLE settlement_batches ADD COLUMN priority_fee_wei numeric(78) NOT NULL DEFAULT 0;
ALTER TABLE settlement_batches ADD COLUMN gas_limit bigint NOT NULL DEFAULT 0;
ALTER TABLE settlement_batches ADD COLUMN trades int NOT NULL DEFAULT 0;
-- Head of the chain when the bytes were first sent; null until then. The age of a stuck transaction is counted in blocks.
ALTER TABLE settlement_batches ADD COLUMN broadcast_block bigint;
CREATE INDEX settlement_batches_by_nonce ON settlement_batches (signer, nonce);
CREATE INDEX settlement_batches_by_block ON settlement_batches (block_number) WHERE block_number IS NOT NULL;

-- Number of batches with this trade that reverted as a whole; each time its next batch is half as large.
ALTER TABLE trades ADD COLUMN settlement_attempts smallint NOT NULL DEFAULT 0;
ALTER TABLE trades ADD COLUMN settlement_changed_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX trades_by_batch ON trades (batch_id) WHERE batch_id IS NOT NULL;

-- Blocks at which the follower stood, from which it finds the last common one after a reorganisation.
CREATE TABLE chain_blocks (
    block_number bigint PRIMARY KEY,
    block_hash   bytea NOT NULL
);

-- One row each, written by the lease holder about once a second, read by the operations API. updated_at shows the age of the row.
CREATE TABLE settlement_status (
    only_row           boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    node_id            text NOT NULL,
    epoch              bigint NOT NULL,
    head_block         bigint NOT NULL,
    -- Last block that was applied to the engine.
    confirmed_block    bigint NOT NULL,
    confirmations      int NOT NULL,
    signer             bytea,
    signer_balance_wei numeric(78),
    -- Reason why settlement has halted and waits for an operator; null while it runs.
    halted             text,
    last_error         text,
    last_error_at      timestamptz,
    updated_at         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reconciliation_status (
    only_row         boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    node_id          text NOT NULL,
    epoch            bigint NOT NULL,
    interval_ms      bigint NOT NULL,
    auto_fix         boolean NOT NULL,
    next_run_at      timestamptz,
    head_block       bigint NOT NULL,
    covered_to_block bigint NOT NULL,
    updated_at       timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX reconciliation_runs_waiting ON reconciliation_runs (run_id) WHERE state IN ('requested', 'running');

-- Any node may request a run; the lease holder starts it within a second. A request joins a run that is already waiting.
CREATE FUNCTION request_reconciliation(p_node text) RETURNS TABLE (run_id bigint, already_running boolean)
LANGUAGE plpgsql AS $$
DECLARE
    waiting bigint;
BEGIN
    -- Serialises two concurrent requests, so that only one inserts.
    PERFORM pg_advisory_xact_lock(hashtext('request_reconciliation'));
    SELECT r.run_id INTO waiting FROM reconciliation_runs r WHERE r.state IN ('requested', 'running') ORDER BY r.run_id LIMIT 1;
    IF waiting IS NOT NULL THEN
        RETURN QUERY SELECT waiting, true;
    ELSE
        RETURN QUERY INSERT INTO reconciliation_runs AS r (trigger, state, node_id) VALUES ('manual', 'requested', p_node)
            RETURNING r.run_id, false;
    END IF;
END $$;
