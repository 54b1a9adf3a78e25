-- Protection against orders and trades whose maker moved the money away.

-- Lots that were filled directly on chain, without this exchange: the order can be filled for this much less.
ALTER TABLE orders ADD COLUMN reduced_lots bigint NOT NULL DEFAULT 0;
ALTER TABLE orders ADD CONSTRAINT orders_reduced_check CHECK (reduced_lots >= 0 AND filled_lots + reduced_lots <= quantity_lots);

-- Holdings that were lower at a block before it was confirmed. They are observed again once it is, because a reorganisation leaves no event
-- behind.
CREATE TABLE doubted_holdings (
    address    bytea NOT NULL CHECK (length(address) = 20),
    -- As in balances: 0 and 255 for collateral.
    market_id  int NOT NULL,
    outcome    smallint NOT NULL,
    -- The newest block at which the lower holding was read.
    seen_block bigint NOT NULL,
    PRIMARY KEY (address, market_id, outcome)
);

-- Trades that failed through an account's own actions. The account's score is computed from these rows, so that two concurrent writers
-- cannot lose an update of a sum.
CREATE TABLE offences (
    trade_id    bigint PRIMARY KEY REFERENCES trades,
    address     bytea NOT NULL CHECK (length(address) = 20),
    reason      text NOT NULL,
    points      int NOT NULL CHECK (points > 0),
    at          timestamptz NOT NULL DEFAULT now(),
    -- Set by an admin's reset: the row no longer counts.
    forgiven_at timestamptz
);
CREATE INDEX offences_counting ON offences (at, address) WHERE forgiven_at IS NULL;

CREATE TABLE offender_audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address  bytea NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    actor    text NOT NULL,
    -- reset
    action   text NOT NULL,
    forgiven int NOT NULL,
    note     text NOT NULL
);
CREATE INDEX offender_audit_by_address ON offender_audit (address, audit_id DESC);
