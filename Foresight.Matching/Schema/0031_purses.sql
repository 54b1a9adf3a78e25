-- Where an order's money is: 0 its maker's wallet, 1 the maker's purse in the vault (docs/firm-money.md). A trade is firm if all its fills
-- are of purses.
ALTER TABLE orders ADD COLUMN purse smallint NOT NULL DEFAULT 0;
-- As the order asked: 0 either, 1 the wallet, 2 the vault; and whether it trades with firm offers alone. Terms outside the signature.
ALTER TABLE orders ADD COLUMN purse_choice smallint NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN firm_only boolean NOT NULL DEFAULT false;
ALTER TABLE fills ADD COLUMN purse smallint NOT NULL DEFAULT 0;
ALTER TABLE trades ADD COLUMN firm boolean NOT NULL DEFAULT false;

-- What an account owns in its wallet and in the vault are two holdings, which no hold mixes.
ALTER TABLE balances ADD COLUMN purse smallint NOT NULL DEFAULT 0;
ALTER TABLE balances DROP CONSTRAINT balances_pkey;
ALTER TABLE balances ADD PRIMARY KEY (account_id, market_id, outcome, shard, purse);

-- Co-signed withdrawals from the vault. The engine holds their money until the chain has paid them, or can no longer.
CREATE TABLE withdrawals (
    account_id    int NOT NULL REFERENCES accounts,
    nonce         bigint NOT NULL,
    market_id     int NOT NULL,
    -- As in balances: market 0 and outcome 255 for USDC.
    outcome       smallint NOT NULL,
    units         bigint NOT NULL CHECK (units > 0),
    deadline      timestamptz NOT NULL,
    shard         smallint NOT NULL,
    sequence      bigint NOT NULL,
    epoch         bigint NOT NULL,
    granted_at    timestamptz NOT NULL,
    -- 0 granted, 1 paid, 2 lapsed.
    state         smallint NOT NULL DEFAULT 0,
    -- By the holder of settlement, after the grant is journaled.
    co_signature  bytea,
    PRIMARY KEY (account_id, nonce)
);
CREATE INDEX withdrawals_open ON withdrawals (deadline) WHERE state = 0;
CREATE INDEX withdrawals_to_sign ON withdrawals (granted_at) WHERE state = 0 AND co_signature IS NULL;

ALTER TABLE unconfirmed_decreases ADD COLUMN purse smallint NOT NULL DEFAULT 0;
ALTER TABLE unconfirmed_decreases DROP CONSTRAINT unconfirmed_decreases_pkey;
ALTER TABLE unconfirmed_decreases ADD PRIMARY KEY (address, market_id, outcome, purse);

-- Null: the factory was deployed without a vault, so no order is firm. Both parts of the delay must pass before a withdrawal is paid.
ALTER TABLE deployments ADD COLUMN vault bytea, ADD COLUMN withdrawal_blocks bigint, ADD COLUMN withdrawal_seconds bigint;

-- A resolution or invalidation that the chain has announced, and from when on anyone may have it take effect. Null: none.
ALTER TABLE markets ADD COLUMN decision_ready_at timestamptz;
