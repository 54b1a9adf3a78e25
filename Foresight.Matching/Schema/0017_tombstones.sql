-- Salts that their makers cancelled by a signature. No order of the market, maker and salt is sequenced until the moment in the last
-- column; by then an order that the exchange could have accepted has ended. Written in the transaction of the cancel's command, removed by
-- later ones.
CREATE TABLE salt_tombstones (
    market_id int NOT NULL REFERENCES markets,
    maker     bytea NOT NULL CHECK (length(maker) = 20),
    -- As orders.salt_tag: the engine cancels by it.
    salt_tag  bigint NOT NULL,
    shard     smallint NOT NULL,
    -- Position of the cancel's command, which is the answer to a repetition of the cancel.
    epoch     bigint NOT NULL,
    sequence  bigint NOT NULL,
    -- False: it removed no open order. The number of these is bounded for each account, because they cost their maker nothing.
    met_order boolean NOT NULL,
    until     timestamptz NOT NULL,
    PRIMARY KEY (market_id, maker, salt_tag)
);
CREATE INDEX salt_tombstones_early ON salt_tombstones (shard, maker, sequence DESC) WHERE NOT met_order;
CREATE INDEX salt_tombstones_by_end ON salt_tombstones (shard, until);
