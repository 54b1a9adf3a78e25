-- What purses of the vault have got in followed blocks that a reorganisation can still undo: it counts when its block is final
-- (docs/firm-money.md). Written and undone with the follower's cursor, and deleted when final, so there are no more rows than events of
-- SETTLEMENT_FINALITY_BLOCKS blocks. By address: an owner of a purse need not be an account of the exchange yet.
CREATE TABLE vault_waiting (
    block_number bigint NOT NULL,
    address      bytea NOT NULL CHECK (length(address) = 20),
    -- As in balances: market 0 and outcome 255 for USDC.
    market_id    int NOT NULL,
    outcome      smallint NOT NULL,
    -- 0, or the trade that was settled, undone with its block, and failed in this one: its payment is back.
    trade_id     bigint NOT NULL DEFAULT 0,
    -- Micro-USDC or lots.
    units        bigint NOT NULL CHECK (units > 0),
    PRIMARY KEY (block_number, address, market_id, outcome, trade_id)
);
CREATE INDEX vault_waiting_of ON vault_waiting (address);
CREATE INDEX vault_waiting_trades ON vault_waiting (trade_id) WHERE trade_id <> 0;

-- The newest block in which a transaction with the trade had no effect for it. If that block is undone, the same transaction may settle it.
ALTER TABLE trades ADD COLUMN refused_block bigint;

CREATE INDEX trades_failed_by_block ON trades (block_number) WHERE settlement = 'failed' AND closed;
