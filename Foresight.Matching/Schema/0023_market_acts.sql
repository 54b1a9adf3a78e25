-- What operators want of a market: 1 paused, 2 closed, null nothing. The leader brings the market into that state; a market that is held
-- paused here is not opened again because the chain trades it. The second_ columns are the first half of a decision that takes two keys.
ALTER TABLE markets ADD COLUMN operator_state smallint CHECK (operator_state IN (1, 2));
ALTER TABLE markets ADD COLUMN second_action text;
ALTER TABLE markets ADD COLUMN second_by text;
ALTER TABLE markets ADD COLUMN second_key text;
ALTER TABLE markets ADD COLUMN second_at timestamptz;
-- Both are read every second, and almost always empty.
CREATE INDEX markets_to_list ON markets (shard) WHERE listed_sequence IS NULL;
CREATE INDEX markets_to_change ON markets (shard) WHERE state < operator_state;

CREATE TABLE market_audit (
    audit_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    market_id  int NOT NULL REFERENCES markets,
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL,
    key_name   text NOT NULL,
    -- pause, resume, close, withdraw; with _first_key while a second key is missing
    action     text NOT NULL,
    -- States of the market before, and as wanted by operators after.
    from_state text NOT NULL,
    to_state   text NOT NULL,
    note       text NOT NULL
);
CREATE INDEX market_audit_by_market ON market_audit (market_id, audit_id DESC);
CREATE INDEX market_audit_by_time ON market_audit (at DESC);
CREATE INDEX discrepancy_audit_by_time ON discrepancy_audit (at DESC);
CREATE INDEX offender_audit_by_time ON offender_audit (at DESC);
