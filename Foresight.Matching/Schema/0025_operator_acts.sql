-- What operators hold: settlement is halted, a replica is out of rotation, a node does not apply for leadership. Those concerned read it
-- here, so that an act outlives every process and needs the database's password.
CREATE TABLE operator_holds (
    subject    text NOT NULL CHECK (subject IN ('settlement', 'replica', 'node')),
    -- Name of the replica or node; 'all' for settlement.
    subject_id text NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL,
    key_name   text NOT NULL,
    note       text NOT NULL,
    PRIMARY KEY (subject, subject_id)
);

-- First half of an act that takes two keys.
CREATE TABLE operator_waiting (
    subject    text NOT NULL,
    subject_id text NOT NULL,
    action     text NOT NULL,
    actor      text NOT NULL,
    key_name   text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject, subject_id)
);

-- The term that an operator wants to end. It is named by its epoch, so that a request that comes late does not end the next one.
CREATE TABLE step_downs (
    resource text PRIMARY KEY,
    epoch    bigint NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION is_asked_to_step_down(wanted text, term_epoch bigint, holder text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM step_downs WHERE resource = wanted AND epoch = term_epoch)
        OR EXISTS (SELECT FROM operator_holds WHERE subject = 'node' AND subject_id = holder)
$$;

CREATE TABLE operator_audit (
    audit_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject    text NOT NULL,
    subject_id text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL,
    key_name   text NOT NULL,
    -- With _first_key while a second key is missing.
    action     text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    note       text NOT NULL
);
CREATE INDEX operator_audit_by_time ON operator_audit (at DESC);

-- Hash of the followed block that a reorganisation beyond finality undid, while settlement is halted by it; and that of the last one whose
-- undoing an operator has allowed.
ALTER TABLE settlement_status ADD COLUMN halted_block bytea;
ALTER TABLE settlement_status ADD COLUMN allowed_block bytea;
-- The transaction that an operator wants replaced at once. Its replacement is another one, so it is replaced once.
ALTER TABLE settlement_status ADD COLUMN bumped_batch bigint;
