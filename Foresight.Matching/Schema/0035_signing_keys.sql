-- Keys that accounts announced at the vault: they sign orders that are paid from it (docs/decisions/0665). The follower writes the rows,
-- from unconfirmed blocks on, and removes those that a reorganisation undoes. A row costs its author the gas of a transaction; those of an
-- account that a later final one has replaced are removed.
CREATE TABLE signing_keys (
    address      bytea NOT NULL CHECK (length(address) = 20),
    block_number bigint NOT NULL,
    log_index    int NOT NULL,
    -- Zeros: from then on none signs.
    key          bytea NOT NULL CHECK (length(key) = 20),
    -- It signs from this block and this Unix second on, whichever comes later.
    ready_block  bigint NOT NULL,
    ready_time   bigint NOT NULL,
    PRIMARY KEY (address, block_number, log_index)
);
CREATE INDEX signing_keys_by_block ON signing_keys (block_number);

-- The key whose orders are taken: the newest that the account has announced, if its delay is over in a followed block; else null. The
-- vault still takes the key before it until then, so that trades that were matched by it settle.
CREATE FUNCTION signing_key_of(account bytea) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT n.key FROM (
        SELECT k.key, k.ready_block, k.ready_time FROM signing_keys k WHERE k.address = account
        ORDER BY k.block_number DESC, k.log_index DESC LIMIT 1) n
    JOIN chain_cursors c ON c.name = 'follower' AND n.ready_block <= c.block_number AND n.ready_time <= c.block_time
    WHERE n.key <> decode(repeat('00', 20), 'hex')
$$;

-- Null: signed by its maker's own key, or by their contract. As signed_by_contract not part of the journal's content.
ALTER TABLE orders ADD COLUMN signing_key bytea;
CREATE INDEX orders_by_signing_key ON orders (account_id) WHERE signing_key IS NOT NULL AND status IN (0, 1);
