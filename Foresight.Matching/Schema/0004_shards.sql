-- Markets are spread over shards, each with its own leader, engine and sequence. See docs/decisions/0420.

-- Number of shards, fixed by the set-up. No row: one shard, as in a database from before this setting.
CREATE TABLE sharding (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    shards   smallint NOT NULL CHECK (shards BETWEEN 1 AND 16),
    fixed_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION shard_count() RETURNS int LANGUAGE sql STABLE AS 'SELECT coalesce((SELECT shards FROM sharding), 1)::int';

-- A request goes to one shard, and is found by its id in whichever. Two shards may receive one id at the same moment (one idempotency key
-- for two orders) and must not fail each other's commits, so the id is unique per shard.
ALTER TABLE commands DROP CONSTRAINT commands_request_id_key;
CREATE UNIQUE INDEX commands_by_request ON commands (request_id, shard);
DROP INDEX orders_by_idempotency_key;
CREATE UNIQUE INDEX orders_by_idempotency_key ON orders (account_id, idempotency_key, shard) WHERE idempotency_key IS NOT NULL;

-- By order id, which includes the shard: sequences of different shards are not comparable.
DROP INDEX orders_by_account;
CREATE INDEX orders_by_account ON orders (account_id, order_id DESC);

-- An account's collateral is divided between the shards, so each shard has a part of it in its ledger. Shares belong to their market's
-- shard.
ALTER TABLE balances ADD COLUMN shard smallint NOT NULL DEFAULT 0;
ALTER TABLE balances DROP CONSTRAINT balances_pkey;
ALTER TABLE balances ADD PRIMARY KEY (account_id, market_id, outcome, shard);

-- Assigns ids to new addresses, in the order of the array. Concurrent calls by several leaders are serialised, so that an address has the
-- same id for all of them.
CREATE FUNCTION number_accounts(p_addresses bytea[]) RETURNS TABLE (account_id int, address bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    -- An arbitrary constant, distinct from those of other advisory locks: "foresacc" in ASCII.
    PERFORM pg_advisory_xact_lock(x'666f726573616363'::bigint);
    INSERT INTO accounts AS a (account_id, address)
    SELECT (SELECT coalesce(max(account_id), 0) FROM accounts) + row_number() OVER (ORDER BY n.position), n.address
    FROM (SELECT u.address, min(u.position) AS position FROM unnest(p_addresses) WITH ORDINALITY u(address, position) GROUP BY u.address) n
    WHERE NOT EXISTS (SELECT 1 FROM accounts known WHERE known.address = n.address);
    RETURN QUERY SELECT a.account_id, a.address FROM accounts a WHERE a.address = ANY (p_addresses);
END $$;

-- Decided changes of a shard's part of an account's collateral that are not acknowledged yet. Written before the shard is told and deleted
-- when it has acknowledged; the next follower of the chain sends the rest under the same request ids, so each is applied once.
CREATE TABLE allotment_changes (
    change_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address    bytea NOT NULL CHECK (length(address) = 20),
    shard      smallint NOT NULL,
    -- Micro-USDC; negative for a decrease.
    units      bigint NOT NULL,
    block      bigint NOT NULL,
    -- If set, only free collateral is taken, and the amount taken is then given to this shard.
    move_to    smallint,
    created_at timestamptz NOT NULL DEFAULT now()
);
