-- What the chain will not fill whatever we match, known before such an order is placed. The follower writes both, from unconfirmed blocks on;
-- the leader asks them in the look-up of every batch. A row costs whoever causes it the gas of a transaction, and stays, as the chain's word does.

CREATE TABLE cancelled_salts (
    market_id    int NOT NULL REFERENCES markets,
    maker        bytea NOT NULL CHECK (length(maker) = 20),
    salt         numeric(78) NOT NULL,
    -- The block it was seen in first. A reorganisation may have moved or undone it.
    block_number bigint NOT NULL,
    PRIMARY KEY (market_id, maker, salt)
);

-- Orders that somebody filled directly on chain, wholly or in part, past us.
CREATE TABLE direct_fills (
    order_hash   bytea PRIMARY KEY CHECK (length(order_hash) = 32),
    market_id    int NOT NULL REFERENCES markets,
    block_number bigint NOT NULL
);
