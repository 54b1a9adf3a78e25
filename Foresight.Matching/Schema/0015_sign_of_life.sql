-- The settlement role's signs of life on chain, in confirmed blocks (contracts/README.md, "Escape mode"). A reorganisation deletes those it
-- undoes.
CREATE TABLE signs_of_life (
    block_number bigint PRIMARY KEY,
    -- Unix seconds, of the block.
    signed_at    bigint NOT NULL
);

-- The factory's longestOrderLife; null until the set-up has read it.
ALTER TABLE deployments ADD COLUMN longest_order_life_seconds bigint CHECK (longest_order_life_seconds > 0);

-- Unix seconds of the block at the cursor: the chain's clock as the follower last saw it.
ALTER TABLE chain_cursors ADD COLUMN block_time bigint;

-- A transaction without a market and without trades is a sign of life. Its generation cannot be read from a market.
ALTER TABLE settlement_batches ALTER COLUMN market_id DROP NOT NULL;
ALTER TABLE settlement_batches ADD COLUMN generation int;
UPDATE settlement_batches b SET generation = m.generation FROM markets m WHERE m.market_id = b.market_id;
ALTER TABLE settlement_batches ALTER COLUMN generation SET NOT NULL;

-- What bounds the life of an order, read by the leader with each batch. Null values until the first sign is final.
CREATE VIEW order_life AS SELECT
    (SELECT max(signed_at) FROM signs_of_life) AS signed_at,
    (SELECT longest_order_life_seconds FROM deployments ORDER BY generation DESC LIMIT 1) AS life_seconds,
    (SELECT block_time FROM chain_cursors WHERE name = 'follower') AS block_time;
