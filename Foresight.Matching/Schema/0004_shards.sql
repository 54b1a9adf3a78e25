-- Markets are spread over shards, each with a leader, an engine and a sequence of its own. See docs/decisions/0420.

-- How many shards there are, fixed by the set-up. No row: one, as in a database that was set up before there was a choice.
CREATE TABLE sharding (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    shards   smallint NOT NULL CHECK (shards BETWEEN 1 AND 16),
    fixed_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION shard_count() RETURNS int LANGUAGE sql STABLE AS 'SELECT coalesce((SELECT shards FROM sharding), 1)::int';

-- A request goes to one shard, and is found by its id wherever it went. Two shards that get one id at the same moment (one idempotency key for
-- two orders) must not fail each other's commits, so it is unique within each.
ALTER TABLE commands DROP CONSTRAINT commands_request_id_key;
CREATE UNIQUE INDEX commands_by_request ON commands (request_id, shard);
DROP INDEX orders_by_idempotency_key;
CREATE UNIQUE INDEX orders_by_idempotency_key ON orders (account_id, idempotency_key, shard) WHERE idempotency_key IS NOT NULL;

-- By the order's number, which has the shard in it: sequences of several shards say nothing of which order came first.
DROP INDEX orders_by_account;
CREATE INDEX orders_by_account ON orders (account_id, order_id DESC);

-- An account's collateral is allotted over the shards, so each shard has a part of it in its ledger. Shares are with their market.
ALTER TABLE balances ADD COLUMN shard smallint NOT NULL DEFAULT 0;
ALTER TABLE balances DROP CONSTRAINT balances_pkey;
ALTER TABLE balances ADD PRIMARY KEY (account_id, market_id, outcome, shard);

-- Numbers for addresses that nobody has numbered yet, given in the order of the array. Several leaders may ask at once: one at a time gets
-- through, and an address has one number for all of them.
CREATE FUNCTION number_accounts(p_addresses bytea[]) RETURNS TABLE (account_id int, address bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    -- Any constant that nobody else uses: "foresacc" in ASCII.
    PERFORM pg_advisory_xact_lock(x'666f726573616363'::bigint);
    INSERT INTO accounts AS a (account_id, address)
    SELECT (SELECT coalesce(max(account_id), 0) FROM accounts) + row_number() OVER (ORDER BY n.position), n.address
    FROM (SELECT u.address, min(u.position) AS position FROM unnest(p_addresses) WITH ORDINALITY u(address, position) GROUP BY u.address) n
    WHERE NOT EXISTS (SELECT 1 FROM accounts known WHERE known.address = n.address);
    RETURN QUERY SELECT a.account_id, a.address FROM accounts a WHERE a.address = ANY (p_addresses);
END $$;

-- Changes of what a shard is allotted of an account's collateral that were decided and are not known to be done. Written before the shard is told,
-- removed when it has acknowledged; whoever follows the chain next tells the rest under the same request ids, so each is applied once.
CREATE TABLE allotment_changes (
    change_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address    bytea NOT NULL CHECK (length(address) = 20),
    shard      smallint NOT NULL,
    -- Micro-USDC; negative: taken away.
    units      bigint NOT NULL,
    block      bigint NOT NULL,
    -- Set: only what nothing holds is taken, and as much is given to this shard then.
    move_to    smallint,
    created_at timestamptz NOT NULL DEFAULT now()
);
