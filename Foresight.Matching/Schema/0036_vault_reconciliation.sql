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
