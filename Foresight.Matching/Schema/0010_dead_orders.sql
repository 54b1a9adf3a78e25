-- Orders that the chain will not fill, known before they are placed. The follower writes both tables, from unconfirmed blocks on; the
-- leader reads them in the look-up of every batch. A row costs its author the gas of a transaction, and is kept, as the chain's state is.

CREATE TABLE cancelled_salts (
    market_id    int NOT NULL REFERENCES markets,
    maker        bytea NOT NULL CHECK (length(maker) = 20),
    salt         numeric(78) NOT NULL,
    -- The block in which it was first seen. A reorganisation may have moved or undone it.
    block_number bigint NOT NULL,
    PRIMARY KEY (market_id, maker, salt)
);

-- Orders that were filled directly on chain, wholly or in part, without this exchange.
CREATE TABLE direct_fills (
    order_hash   bytea PRIMARY KEY CHECK (length(order_hash) = 32),
    market_id    int NOT NULL REFERENCES markets,
    block_number bigint NOT NULL
);
