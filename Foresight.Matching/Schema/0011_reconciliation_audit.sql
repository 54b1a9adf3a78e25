-- Author of a run's request, and what the run did not compare.

-- Null for a scheduled run. requested_by is the name that the caller gave; requested_key the name of the key that authenticated the call.
ALTER TABLE reconciliation_runs ADD COLUMN requested_by text;
ALTER TABLE reconciliation_runs ADD COLUMN requested_key text;
-- What a successful run left out, and why; null if nothing.
ALTER TABLE reconciliation_runs ADD COLUMN note text;

ALTER TABLE offender_audit ADD COLUMN key_name text;

-- As before, with the author of the request. A request that joins a waiting run changes nothing, so that run keeps its first author.
DROP FUNCTION request_reconciliation(text, boolean);
CREATE FUNCTION request_reconciliation(p_node text, p_dry_run boolean DEFAULT false, p_by text DEFAULT NULL, p_key text DEFAULT NULL)
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
        RETURN QUERY INSERT INTO reconciliation_runs AS r (trigger, state, node_id, dry_run, requested_by, requested_key)
            VALUES ('manual', 'requested', p_node, p_dry_run, p_by, p_key) RETURNING r.run_id, false;
    END IF;
END $$;
