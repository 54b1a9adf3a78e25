-- What operators want of markets that only a role of the contracts can do: resolve, void, create (docs/decisions/0732). One key proposes,
-- another approves, and a wallet sends the transaction. Only the chain brings it about: settlement's follower ends a proposal by the events
-- of confirmed blocks, and lists a created market by the terms that were approved here.
CREATE TABLE market_proposals (
    proposal_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('resolve', 'invalidate', 'create')),
    -- Of create: null until the market is listed.
    market_id     int REFERENCES markets,
    outcome       smallint,
    question      text,
    -- keccak256 of the question, by which the factory knows the market.
    question_hash bytea CHECK (length(question_hash) = 32),
    outcomes      text[] CHECK (cardinality(outcomes) BETWEEN 2 AND 8),
    tick_size     int CHECK (tick_size IN (1, 10, 100)),
    closes_at     timestamptz,
    proposed_by   text NOT NULL,
    proposed_key  text NOT NULL,
    proposed_at   timestamptz NOT NULL DEFAULT now(),
    proposed_note text NOT NULL,
    approved_by   text,
    approved_key  text,
    approved_at   timestamptz,
    approved_note text,
    -- What a wallet has reported; nothing follows from it.
    tx_hash       bytea CHECK (length(tx_hash) = 32),
    sender        bytea CHECK (length(sender) = 20),
    sent_at       timestamptz,
    -- Null while it is open.
    ended         text CHECK (ended IN ('done', 'superseded', 'withdrawn', 'lapsed')),
    ended_at      timestamptz,
    -- Of the event that ended it, so that a reorganisation opens it again.
    ended_block   bigint,
    CHECK (kind = 'create' OR market_id IS NOT NULL),
    CHECK ((kind = 'resolve') = (outcome IS NOT NULL)),
    CHECK ((kind = 'create') = (question IS NOT NULL AND question_hash IS NOT NULL AND outcomes IS NOT NULL AND tick_size IS NOT NULL)),
    CHECK (sent_at IS NULL OR approved_at IS NOT NULL)
);
-- One at a time for each market and for each question, which bounds the open ones.
CREATE UNIQUE INDEX market_proposals_open ON market_proposals (market_id) WHERE ended IS NULL AND kind <> 'create';
CREATE UNIQUE INDEX market_proposals_new ON market_proposals (question_hash) WHERE ended IS NULL AND kind = 'create';
CREATE INDEX market_proposals_by_market ON market_proposals (market_id, proposal_id DESC);

-- Of a proposal to create a market, until that is listed.
ALTER TABLE market_audit ALTER COLUMN market_id DROP NOT NULL;
ALTER TABLE market_audit ADD COLUMN proposal_id bigint REFERENCES market_proposals;
ALTER TABLE market_audit ADD CHECK (market_id IS NOT NULL OR proposal_id IS NOT NULL);
CREATE INDEX market_audit_by_proposal ON market_audit (proposal_id) WHERE proposal_id IS NOT NULL;
