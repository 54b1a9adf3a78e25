-- What leaves the vault by requests on chain, as the followed blocks have it: a row for each change of what is leaving of a purse, which
-- holds from its block until that of the next one. A reorganisation deletes those of undone blocks, and what they replaced holds again.
-- By address: an owner of a purse need not be an account of the exchange yet.
CREATE TABLE vault_leaving (
    block_number    bigint NOT NULL,
    log_index       int NOT NULL,
    address         bytea NOT NULL CHECK (length(address) = 20),
    -- As in balances: market 0 and outcome 255 for USDC.
    market_id       int NOT NULL,
    outcome         smallint NOT NULL,
    -- 0 leaving, 1 cancelled, 2 finished, 3 drawn: trades and co-signatures took all of it.
    state           smallint NOT NULL,
    -- Micro-USDC or lots that are leaving, or that were when it ended.
    units           bigint NOT NULL,
    -- Of the newest request, which starts the delay again for all that is leaving.
    requested_block bigint NOT NULL,
    requested_at    timestamptz NOT NULL,
    ready_block     bigint NOT NULL,
    ready_at        timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    tx_hash         bytea NOT NULL CHECK (length(tx_hash) = 32),
    -- Null: it holds.
    next_block      bigint,
    PRIMARY KEY (block_number, log_index)
);
CREATE UNIQUE INDEX vault_leaving_now ON vault_leaving (address, market_id, outcome) WHERE next_block IS NULL;
CREATE INDEX vault_leaving_open ON vault_leaving (ready_at, block_number, log_index) WHERE next_block IS NULL AND state = 0;
CREATE INDEX vault_leaving_ended ON vault_leaving (ready_at, block_number, log_index) WHERE state <> 0;
CREATE INDEX vault_leaving_replaced ON vault_leaving (next_block) WHERE next_block IS NOT NULL;
CREATE INDEX vault_leaving_past ON vault_leaving (changed_at) WHERE next_block IS NOT NULL OR state <> 0;

-- Under which the shards match firm orders, as all of them have confirmed it.
CREATE TABLE firm_terms (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    until_at          timestamptz NOT NULL,
    -- How many firm trades of a shard may be unsettled.
    trades            bigint NOT NULL,
    shards            smallint NOT NULL,
    trades_per_second double precision NOT NULL,
    sent_at           timestamptz NOT NULL DEFAULT now(),
    -- When the number of trades last became smaller.
    lowered_at        timestamptz NOT NULL DEFAULT now()
);
