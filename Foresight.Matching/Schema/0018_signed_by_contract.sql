-- True: the order was sent as signed by a contract wallet, and the leader has asked the wallet. An invalid signature is held against its
-- maker only then (docs/decisions/0661). False for older orders, whose makers are not blamed. Not part of the journal's content: a replay
-- ignores it.
ALTER TABLE orders ADD COLUMN signed_by_contract boolean NOT NULL DEFAULT false;
