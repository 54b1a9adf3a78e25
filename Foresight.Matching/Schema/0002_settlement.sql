-- What settlement and reconciliation keep beside the journal.

-- A development chain may be lost and made anew. Each chain that was deployed to is a generation; markets of an older one are closed and kept.
ALTER TABLE deployments ADD COLUMN generation int NOT NULL DEFAULT 1;
-- Added to block numbers in observations for the engine, which must never go back: a new development chain starts again at block 0.
ALTER TABLE deployments ADD COLUMN block_offset bigint NOT NULL DEFAULT 0;
ALTER TABLE markets ADD COLUMN generation int NOT NULL DEFAULT 1;

ALTER TABLE settlement_batches ADD COLUMN max_fee_wei numeric(78) NOT NULL DEFAULT 0;
ALTER TABLE settlement_batches ADD COLUMN priority_fee_wei numeric(78) NOT NULL DEFAULT 0;
ALTER TABLE settlement_batches ADD COLUMN gas_limit bigint NOT NULL DEFAULT 0;
ALTER TABLE settlement_batches ADD COLUMN trades int NOT NULL DEFAULT 0;
-- Head when its bytes were sent first; null until then. How long a transaction is stuck is counted in blocks.
ALTER TABLE settlement_batches ADD COLUMN broadcast_block bigint;
CREATE INDEX settlement_batches_by_nonce ON settlement_batches (signer, nonce);
CREATE INDEX settlement_batches_by_block ON settlement_batches (block_number) WHERE block_number IS NOT NULL;

-- How often a trade was in a batch that reverted as a whole; the next batch that it goes into is half as large each time.
ALTER TABLE trades ADD COLUMN settlement_attempts smallint NOT NULL DEFAULT 0;
ALTER TABLE trades ADD COLUMN settlement_changed_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX trades_by_batch ON trades (batch_id) WHERE batch_id IS NOT NULL;

-- Blocks at which the follower stood, so that it finds the last common one after a reorganisation.
CREATE TABLE chain_blocks (
    block_number bigint PRIMARY KEY,
    block_hash   bytea NOT NULL
);

-- One row each, written by the holder of the lease about once a second, read by the operations API. updated_at says how old the word is.
CREATE TABLE settlement_status (
    only_row           boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    node_id            text NOT NULL,
    epoch              bigint NOT NULL,
    head_block         bigint NOT NULL,
    -- Everything up to here was applied to the engine.
    confirmed_block    bigint NOT NULL,
    confirmations      int NOT NULL,
    signer             bytea,
    signer_balance_wei numeric(78),
    -- Set when settlement stopped by itself and waits for a person; null else.
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

-- Any node may ask for a run; the holder of the lease takes it up within a second. A request joins the run that is waiting already.
CREATE FUNCTION request_reconciliation(p_node text) RETURNS TABLE (run_id bigint, already_running boolean)
LANGUAGE plpgsql AS $$
DECLARE
    waiting bigint;
BEGIN
    -- Two requests at once must not both insert.
    PERFORM pg_advisory_xact_lock(hashtext('request_reconciliation'));
    SELECT r.run_id INTO waiting FROM reconciliation_runs r WHERE r.state IN ('requested', 'running') ORDER BY r.run_id LIMIT 1;
    IF waiting IS NOT NULL THEN
        RETURN QUERY SELECT waiting, true;
    ELSE
        RETURN QUERY INSERT INTO reconciliation_runs AS r (trigger, state, node_id) VALUES ('manual', 'requested', p_node) RETURNING r.run_id, false;
    END IF;
END $$;
