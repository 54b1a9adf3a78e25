-- What people and the reconciler do about discrepancies.

ALTER TABLE reconciliation_runs ADD COLUMN dry_run boolean NOT NULL DEFAULT false;
ALTER TABLE reconciliation_runs ADD COLUMN repaired int NOT NULL DEFAULT 0;
-- Sums of what all accounts own, in micro-USDC, and how many holdings were compared; null where balances were not.
ALTER TABLE reconciliation_runs ADD COLUMN ledger_total numeric;
ALTER TABLE reconciliation_runs ADD COLUMN chain_total numeric;
ALTER TABLE reconciliation_runs ADD COLUMN holdings_compared bigint;

-- Micro-USDC at stake; null: unknown.
ALTER TABLE discrepancies ADD COLUMN amount bigint;
ALTER TABLE discrepancies ADD COLUMN assignee text;
-- Of an ignored one: from then on it asks again.
ALTER TABLE discrepancies ADD COLUMN ignored_until timestamptz;
-- Since when runs that looked where it was do not find it any more.
ALTER TABLE discrepancies ADD COLUMN absent_since timestamptz;
-- Log, receipt, block and signed orders, as JSON. Not part of what decides whether the evidence is another.
ALTER TABLE discrepancies ADD COLUMN proof jsonb;
-- A decision that waits for somebody with another key.
ALTER TABLE discrepancies ADD COLUMN second_action text;
ALTER TABLE discrepancies ADD COLUMN second_by text;
ALTER TABLE discrepancies ADD COLUMN second_key text;
ALTER TABLE discrepancies ADD COLUMN second_at timestamptz;
CREATE INDEX discrepancies_present ON discrepancies (block_number) WHERE absent_since IS NULL;

-- Actor is who the caller says they are; key_name is whose key they showed.
ALTER TABLE discrepancy_audit ADD COLUMN key_name text;
-- One for all entries of a bulk decision.
ALTER TABLE discrepancy_audit ADD COLUMN batch_id uuid;
ALTER TABLE discrepancy_audit ADD COLUMN before jsonb;
ALTER TABLE discrepancy_audit ADD COLUMN after jsonb;
CREATE INDEX discrepancy_audit_by_discrepancy ON discrepancy_audit (discrepancy_id, audit_id DESC);

-- What automatic repair did, or (in a dry run) would do.
CREATE TABLE reconciliation_repairs (
    repair_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id      bigint NOT NULL REFERENCES reconciliation_runs,
    natural_key text NOT NULL,
    kind        text NOT NULL,
    -- planned (a dry run), done, refused
    state       text NOT NULL,
    before      jsonb NOT NULL,
    after       jsonb NOT NULL,
    -- Why it was refused; null else.
    reason      text,
    at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (run_id, natural_key)
);

-- Fills that the chain has and no trade of the journal stands for, once a repair has recorded them.
CREATE TABLE chain_fills (
    natural_key  text PRIMARY KEY,
    market_id    int REFERENCES markets,
    tx_hash      bytea NOT NULL,
    log_index    bigint NOT NULL,
    block_number bigint NOT NULL,
    fills        jsonb NOT NULL,
    run_id       bigint NOT NULL REFERENCES reconciliation_runs,
    recorded_at  timestamptz NOT NULL DEFAULT now()
);

-- As before, and now either for a comparison or for one that says in addition what repair would do.
DROP FUNCTION request_reconciliation(text);
CREATE FUNCTION request_reconciliation(p_node text, p_dry_run boolean DEFAULT false) RETURNS TABLE (run_id bigint, already_running boolean)
LANGUAGE plpgsql AS $$
DECLARE
    waiting bigint;
BEGIN
    -- Two requests at once must not both insert.
    PERFORM pg_advisory_xact_lock(hashtext('request_reconciliation'));
    SELECT r.run_id INTO waiting FROM reconciliation_runs r
    WHERE r.state IN ('requested', 'running') AND r.dry_run = p_dry_run ORDER BY r.run_id LIMIT 1;
    IF waiting IS NOT NULL THEN
        RETURN QUERY SELECT waiting, true;
    ELSE
        RETURN QUERY INSERT INTO reconciliation_runs AS r (trigger, state, node_id, dry_run)
            VALUES ('manual', 'requested', p_node, p_dry_run) RETURNING r.run_id, false;
    END IF;
END $$;
