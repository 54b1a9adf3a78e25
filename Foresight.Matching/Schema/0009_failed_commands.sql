-- Commands that made the engine throw. Each is a defect of the program and has no place in the journal; the command and the exception are
-- kept here for analysis. Until its quarantine ends, every leader refuses the request instead of trying it again. The command is the JSON
-- as received, kept as text because no query looks into it.
CREATE TABLE failed_commands (
    shard      smallint NOT NULL,
    request_id uuid NOT NULL,
    epoch      bigint NOT NULL,
    command    text NOT NULL,
    reason     text NOT NULL,
    failed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    until      timestamptz NOT NULL,
    PRIMARY KEY (shard, request_id)
);
