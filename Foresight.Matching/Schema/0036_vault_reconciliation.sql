-- What leaves the vault by requests, as of the followed blocks; market 0 and outcome 255 for USDC. A row of zero units stands until its
-- block is followed, because the step that wrote it may be repeated on other blocks.
CREATE TABLE vault_requests (
    address      bytea NOT NULL,
    market_id    int NOT NULL,
    outcome      smallint NOT NULL,
    units        bigint NOT NULL CHECK (units >= 0),
    -- Both must have passed before the vault pays.
    ready_block  bigint NOT NULL,
    ready_at     timestamptz NOT NULL,
    block_number bigint NOT NULL,
    PRIMARY KEY (address, market_id, outcome)
);
CREATE INDEX vault_requests_ended ON vault_requests (block_number) WHERE units = 0;

-- The followed block in which the chain used the nonce, also for an earlier grant of the same nonce.
ALTER TABLE withdrawals ADD COLUMN spent_block bigint;
UPDATE withdrawals SET spent_block = paid_block WHERE paid_block IS NOT NULL;
CREATE INDEX withdrawals_spent ON withdrawals (spent_block) WHERE spent_block IS NOT NULL;

-- Who has ever had money in the vault, and the markets whose shares it may hold: by the chain's events alone, up to the block of the
-- cursor 'vault'. What a reorganisation undid is above that block, and read again.
CREATE TABLE vault_accounts (
    generation   int NOT NULL,
    address      bytea NOT NULL,
    block_number bigint NOT NULL,
    PRIMARY KEY (generation, address)
);
CREATE TABLE vault_markets (
    generation   int NOT NULL,
    address      bytea NOT NULL,
    outcomes     smallint NOT NULL,
    block_number bigint NOT NULL,
    PRIMARY KEY (generation, address)
);

-- The vault's totals at one block, as the last run that read them found them; served as they are by GET /chain/solvency.
CREATE TABLE vault_totals (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    generation   int NOT NULL,
    totals       jsonb NOT NULL
);
