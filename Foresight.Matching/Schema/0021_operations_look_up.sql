-- What an operator looks up by, and the times of a settlement's stages (docs/decisions/0721).

-- Partial: an order without such a name costs nothing here. The order's id makes the newest of many with one name a bounded read.
CREATE INDEX orders_by_client_order_id ON orders (client_order_id, order_id DESC) WHERE client_order_id IS NOT NULL;
CREATE INDEX orders_by_key ON orders (idempotency_key, order_id DESC) WHERE idempotency_key IS NOT NULL;

CREATE INDEX discrepancies_by_trade ON discrepancies (trade_id, discrepancy_id DESC) WHERE trade_id IS NOT NULL;
CREATE INDEX strikes_by_address ON strikes (address, at DESC, trade_id DESC);
CREATE INDEX trades_failed_by_time ON trades (settlement_changed_at) WHERE settlement = 'failed';
CREATE INDEX failed_commands_by_time ON failed_commands (failed_at DESC, shard DESC, request_id DESC);

-- When the transaction was first sent, and when it was found in the block that it has now. Null for older transactions.
ALTER TABLE settlement_batches ADD COLUMN broadcast_at timestamptz;
ALTER TABLE settlement_batches ADD COLUMN mined_at timestamptz;

-- Null while settlement is not halted.
ALTER TABLE settlement_status ADD COLUMN halted_since timestamptz;
