-- The journal and everything derived from it. Postgres is the only source of truth: whatever Redis or a process loses is rebuilt from here.
-- Units: price_ticks of 0.0001 USDC, lots of 0.01 share, micro-USDC. Addresses have 20 bytes, hashes 32 bytes.

CREATE TABLE leadership (
    resource     text PRIMARY KEY,
    epoch        bigint NOT NULL CHECK (epoch >= 0),
    token        uuid NOT NULL,
    node_id      text,
    address      text,
    -- application_name of the holder's database sessions, so that the next holder can terminate them.
    session_name text,
    acquired_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE leadership_history (
    resource         text NOT NULL,
    epoch            bigint NOT NULL,
    node_id          text NOT NULL,
    previous_node_id text,
    acquired_at      timestamptz NOT NULL DEFAULT now(),
    -- {"detected": ms, "lease": ms, "fenced": ms, "recovered": ms, "first_ack": ms}
    phases           jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (resource, epoch)
);

-- The fence, the first statement of every transaction that changes state. It locks the row FOR SHARE, so a take-over (which updates the
-- row) waits for the transaction or makes it fail. SQLSTATE FS001: the caller no longer leads.
CREATE FUNCTION assert_term(p_resource text, p_epoch bigint, p_token uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM leadership WHERE resource = p_resource AND epoch = p_epoch AND token = p_token FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'term % of % has ended', p_epoch, p_resource USING ERRCODE = 'FS001';
    END IF;
END $$;

CREATE TABLE accounts (
    account_id int PRIMARY KEY,
    address    bytea NOT NULL UNIQUE CHECK (length(address) = 20)
);

CREATE TABLE markets (
    market_id        int PRIMARY KEY,
    shard            smallint NOT NULL DEFAULT 0,
    address          bytea NOT NULL UNIQUE CHECK (length(address) = 20),
    question         text NOT NULL,
    outcomes         text[] NOT NULL,
    tick_size        int NOT NULL CHECK (tick_size IN (1, 10, 100)),
    -- 0 open, 1 paused, 2 closed, 3 resolved
    state            smallint NOT NULL DEFAULT 0,
    resolved_outcome smallint,
    closes_at        timestamptz,
    -- Sequence of the command that listed it in the engine; null until then.
    listed_sequence  bigint,
    created_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE commands (
    shard       smallint NOT NULL,
    sequence    bigint NOT NULL,
    epoch       bigint NOT NULL,
    accepted_at timestamptz NOT NULL,
    kind        smallint NOT NULL,
    request_id  uuid NOT NULL UNIQUE,
    payload     bytea NOT NULL,
    -- The result that was given, so that a retry gets the same one.
    result      jsonb NOT NULL,
    PRIMARY KEY (shard, sequence)
);

CREATE TABLE snapshots (
    shard      smallint NOT NULL,
    sequence   bigint NOT NULL,
    epoch      bigint NOT NULL,
    state_hash text NOT NULL,
    state      bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, sequence)
);

CREATE TABLE orders (
    order_hash      bytea PRIMARY KEY CHECK (length(order_hash) = 32),
    order_id        bigint NOT NULL UNIQUE,
    market_id       int NOT NULL REFERENCES markets,
    account_id      int NOT NULL REFERENCES accounts,
    outcome         smallint NOT NULL,
    is_buy          boolean NOT NULL,
    price_ticks     int NOT NULL CHECK (price_ticks BETWEEN 1 AND 9999),
    quantity_lots   bigint NOT NULL CHECK (quantity_lots > 0),
    filled_lots     bigint NOT NULL DEFAULT 0,
    time_in_force   smallint NOT NULL,
    post_only       boolean NOT NULL,
    stp             smallint NOT NULL,
    client_order_id text,
    idempotency_key text,
    salt            numeric(78) NOT NULL,
    salt_tag        bigint NOT NULL,
    expiry          bigint NOT NULL,
    signature       bytea NOT NULL,
    -- 0 open, 1 partially_filled, 2 filled, 3 cancelled, 4 expired, 5 rejected
    status          smallint NOT NULL,
    reason          text,
    shard           smallint NOT NULL,
    sequence        bigint NOT NULL,
    epoch           bigint NOT NULL,
    accepted_at     timestamptz NOT NULL,
    updated_sequence bigint NOT NULL,
    updated_at      timestamptz NOT NULL,
    CHECK (filled_lots BETWEEN 0 AND quantity_lots)
);
CREATE INDEX orders_by_account ON orders (account_id, sequence DESC);
CREATE INDEX orders_live ON orders (market_id, outcome, is_buy, price_ticks) WHERE status IN (0, 1);
CREATE UNIQUE INDEX orders_by_idempotency_key ON orders (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE settlement_batches (
    batch_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    market_id     int NOT NULL REFERENCES markets,
    signer        bytea NOT NULL,
    nonce         bigint NOT NULL,
    -- Stored before it is sent; a re-broadcast sends these bytes.
    raw_tx        bytea NOT NULL,
    tx_hash       bytea NOT NULL UNIQUE,
    -- signed, broadcast, mined, final, failed, replaced
    state         text NOT NULL,
    block_number  bigint,
    block_hash    bytea,
    gas_used      bigint,
    error         text,
    epoch         bigint NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX settlement_batches_unfinished ON settlement_batches (nonce) WHERE state IN ('signed', 'broadcast', 'mined');

CREATE TABLE trades (
    trade_id           bigint PRIMARY KEY,
    market_id          int NOT NULL REFERENCES markets,
    -- 0 direct, 1 mint, 2 merge
    kind               smallint NOT NULL,
    quantity_lots      bigint NOT NULL CHECK (quantity_lots > 0),
    taker_outcome      smallint NOT NULL,
    taker_is_buy       boolean NOT NULL,
    taker_price_ticks  int NOT NULL,
    shard              smallint NOT NULL,
    sequence           bigint NOT NULL,
    epoch              bigint NOT NULL,
    executed_at        timestamptz NOT NULL,
    -- matched, batched, broadcast, mined, final, failed
    settlement         text NOT NULL DEFAULT 'matched',
    settlement_reason  text,
    batch_id           bigint REFERENCES settlement_batches,
    tx_hash            bytea,
    block_number       bigint,
    settled_at         timestamptz,
    -- True once the engine applied SettleTrade or BustTrade for it.
    closed             boolean NOT NULL DEFAULT false
);
CREATE INDEX trades_by_market ON trades (market_id, trade_id DESC);
CREATE INDEX trades_unsettled ON trades (settlement, trade_id) WHERE settlement NOT IN ('final', 'failed');
CREATE INDEX trades_unclosed ON trades (trade_id) WHERE NOT closed;
CREATE INDEX trades_by_block ON trades (block_number) WHERE block_number IS NOT NULL;

CREATE TABLE fills (
    trade_id      bigint NOT NULL REFERENCES trades,
    leg           smallint NOT NULL,
    order_id      bigint NOT NULL REFERENCES orders (order_id),
    account_id    int NOT NULL REFERENCES accounts,
    outcome       smallint NOT NULL,
    is_buy        boolean NOT NULL,
    price_ticks   int NOT NULL,
    quantity_lots bigint NOT NULL,
    is_taker      boolean NOT NULL,
    PRIMARY KEY (trade_id, leg)
);
CREATE INDEX fills_by_order ON fills (order_id);
CREATE INDEX fills_by_account ON fills (account_id, trade_id DESC);

-- The ledger: the engine's view of every account, as of updated_sequence.
CREATE TABLE balances (
    account_id       int NOT NULL REFERENCES accounts,
    market_id        int NOT NULL,
    -- 255: collateral, in micro-USDC (market_id 0); else shares, in lots.
    outcome          smallint NOT NULL,
    owned            bigint NOT NULL,
    order_hold       bigint NOT NULL,
    trade_hold       bigint NOT NULL,
    observed_block   bigint NOT NULL DEFAULT 0,
    updated_sequence bigint NOT NULL,
    PRIMARY KEY (account_id, market_id, outcome)
);

-- Addresses of the contracts, one row per chain; written by the set-up.
CREATE TABLE deployments (
    chain_id       bigint PRIMARY KEY,
    genesis_hash   bytea NOT NULL,
    usdc           bytea NOT NULL,
    outcome_token  bytea NOT NULL,
    factory        bytea NOT NULL,
    deployed_block bigint NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE chain_cursors (
    name         text PRIMARY KEY,
    block_number bigint NOT NULL,
    block_hash   bytea NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reconciliation_runs (
    run_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- schedule, manual
    trigger         text NOT NULL,
    state           text NOT NULL,
    node_id         text NOT NULL,
    started_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    from_block      bigint NOT NULL DEFAULT 0,
    to_block        bigint NOT NULL DEFAULT 0,
    trades_compared bigint NOT NULL DEFAULT 0,
    found           int NOT NULL DEFAULT 0,
    new             int NOT NULL DEFAULT 0,
    error           text
);

-- Block ranges that were compared with both sides readable; a failed range remains visible as a gap.
CREATE TABLE reconciliation_coverage (
    run_id     bigint NOT NULL REFERENCES reconciliation_runs,
    from_block bigint NOT NULL,
    to_block   bigint NOT NULL,
    -- covered, failed
    state      text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    error      text,
    PRIMARY KEY (run_id, from_block)
);

CREATE TABLE discrepancies (
    discrepancy_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    natural_key    text NOT NULL UNIQUE,
    kind           text NOT NULL,
    severity       text NOT NULL,
    state          text NOT NULL DEFAULT 'open',
    market_id      int,
    trade_id       bigint,
    tx_hash        bytea,
    block_number   bigint,
    summary        text NOT NULL,
    on_chain       jsonb,
    off_chain      jsonb,
    first_seen_at  timestamptz NOT NULL DEFAULT now(),
    last_seen_at   timestamptz NOT NULL DEFAULT now(),
    last_run_id    bigint REFERENCES reconciliation_runs,
    note           text,
    changed_by     text,
    changed_at     timestamptz
);
CREATE INDEX discrepancies_by_state ON discrepancies (state, kind);

CREATE TABLE discrepancy_audit (
    audit_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    discrepancy_id bigint NOT NULL REFERENCES discrepancies,
    at             timestamptz NOT NULL DEFAULT now(),
    actor          text NOT NULL,
    action         text NOT NULL,
    from_state     text NOT NULL,
    to_state       text NOT NULL,
    note           text
);
