-- Commands that made the engine throw. Each is a defect of ours, and none has a place in the journal: here is what it was and what was
-- said, for whoever mends it. Until its time is over the request is refused instead of being tried again, by whichever leader. The
-- command is JSON as it came, kept as text because nothing is asked of what is in it.
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
