-- Decisions of operators and of the reconciler about discrepancies.

ALTER TABLE reconciliation_runs ADD COLUMN dry_run boolean NOT NULL DEFAULT false;
ALTER TABLE reconciliation_runs ADD COLUMN repaired int NOT NULL DEFAULT 0;
-- Sums of all accounts' holdings, in micro-USDC, and the number of holdings compared; null if balances were not compared.
ALTER TABLE reconciliation_runs ADD COLUMN ledger_total numeric;
ALTER TABLE reconciliation_runs ADD COLUMN chain_total numeric;
ALTER TABLE reconciliation_runs ADD COLUMN holdings_compared bigint;

-- Amount at stake in micro-USDC; null if unknown.
ALTER TABLE discrepancies ADD COLUMN amount bigint;
ALTER TABLE discrepancies ADD COLUMN assignee text;
-- End of the ignore period, when the discrepancy opens again.
ALTER TABLE discrepancies ADD COLUMN ignored_until timestamptz;
-- Since when runs that compared its blocks no longer find it.
ALTER TABLE discrepancies ADD COLUMN absent_since timestamptz;
-- Log, receipt, block and signed orders, as JSON. Not compared when a run decides whether the evidence has changed.
ALTER TABLE discrepancies ADD COLUMN proof jsonb;
-- A decision that waits for approval with a second key.
ALTER TABLE discrepancies ADD COLUMN second_action text;
ALTER TABLE discrepancies ADD COLUMN second_by text;
ALTER TABLE discrepancies ADD COLUMN second_key text;
ALTER TABLE discrepancies ADD COLUMN second_at timestamptz;
CREATE INDEX discrepancies_present ON discrepancies (block_number) WHERE absent_since IS NULL;

-- actor is the name that the caller gave; key_name is the key that authenticated the call.
ALTER TABLE discrepancy_audit ADD COLUMN key_name text;
-- The same for all entries of a bulk decision.
ALTER TABLE discrepancy_audit ADD COLUMN batch_id uuid;
ALTER TABLE discrepancy_audit ADD COLUMN before jsonb;
ALTER TABLE discrepancy_audit ADD COLUMN after jsonb;
CREATE INDEX discrepancy_audit_by_discrepancy ON discrepancy_audit (discrepancy_id, audit_id DESC);

-- Repairs that were made or, in a dry run, would be made.
CREATE TABLE reconciliation_repairs (
    repair_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id      bigint NOT NULL REFERENCES reconciliation_runs,
    natural_key text NOT NULL,
    kind        text NOT NULL,
    -- planned (a dry run), done, refused
    state       text NOT NULL,
    before      jsonb NOT NULL,
    after       jsonb NOT NULL,
    -- Reason of a refusal, else null.
    reason      text,
    at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (run_id, natural_key)
);

-- Fills on chain without a trade in the journal, once a repair has recorded them.
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

-- As before, for a comparison or for a dry run that also reports what repair would do.
DROP FUNCTION request_reconciliation(text);
CREATE FUNCTION request_reconciliation(p_node text, p_dry_run boolean DEFAULT false) RETURNS TABLE (run_id bigint, already_running boolean)
LANGUAGE plpgsql AS $$
DECLARE
    waiting bigint;
BEGIN
    -- Serialises two concurrent requests, so that only one inserts.
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
