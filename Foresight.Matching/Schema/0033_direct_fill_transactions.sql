-- By which transactions orders were filled directly on chain, so that an operator who has such a hash finds the order and its maker
-- (docs/decisions/0721). direct_fills has only the first fill of an order. As there, the follower writes it from unconfirmed blocks on, and
-- a row costs its author the gas of a fill and is kept.
CREATE TABLE direct_fill_transactions (
    tx_hash      bytea NOT NULL CHECK (length(tx_hash) = 32),
    order_hash   bytea NOT NULL CHECK (length(order_hash) = 32),
    market_id    int NOT NULL REFERENCES markets,
    maker        bytea NOT NULL CHECK (length(maker) = 20),
    -- The block in which it was first seen. A reorganisation may have moved or undone it.
    block_number bigint NOT NULL,
    PRIMARY KEY (tx_hash, order_hash)
);

-- Fills from before, as far as reconciliation has reported them.
INSERT INTO direct_fill_transactions (tx_hash, order_hash, market_id, maker, block_number)
SELECT d.tx_hash, decode(substr(fill ->> 'orderHash', 3), 'hex'), d.market_id, decode(substr(fill ->> 'maker', 3), 'hex'), d.block_number
FROM discrepancies d CROSS JOIN LATERAL jsonb_array_elements(
    CASE WHEN jsonb_typeof(d.on_chain -> 'fills') = 'array' THEN d.on_chain -> 'fills' ELSE '[]' END) AS fill
JOIN markets m ON m.market_id = d.market_id
WHERE d.kind = 'missing_offchain' AND d.trade_id IS NULL AND d.tx_hash IS NOT NULL AND d.block_number IS NOT NULL
    AND fill ->> 'orderHash' ~ '^0x[0-9a-fA-F]{64}$' AND fill ->> 'maker' ~ '^0x[0-9a-fA-F]{40}$'
ON CONFLICT DO NOTHING;
