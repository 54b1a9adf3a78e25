-- Why an operator asked for a run; null for a scheduled run, and in runs that earlier versions asked for.
ALTER TABLE reconciliation_runs ADD COLUMN reason text;

-- For the log of decisions: scheduled runs, of which there is one each interval, are not in it.
CREATE INDEX reconciliation_runs_by_request ON reconciliation_runs (started_at DESC) WHERE requested_key IS NOT NULL;

-- As before, with the reason. Nodes of the earlier version go on calling it without one.
DROP FUNCTION request_reconciliation(text, boolean, text, text);
CREATE FUNCTION request_reconciliation(
    p_node text, p_dry_run boolean DEFAULT false, p_by text DEFAULT NULL, p_key text DEFAULT NULL, p_reason text DEFAULT NULL)
RETURNS TABLE (run_id bigint, already_running boolean)
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
        RETURN QUERY INSERT INTO reconciliation_runs AS r (trigger, state, node_id, dry_run, requested_by, requested_key, reason)
            VALUES ('manual', 'requested', p_node, p_dry_run, p_by, p_key, p_reason) RETURNING r.run_id, false;
    END IF;
END $$;
