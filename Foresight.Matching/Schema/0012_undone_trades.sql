-- Trades that the engine has settled and the chain has not, any more: a reorganisation undid them. Asked with every new batch, and nearly always none.
CREATE INDEX trades_undone ON trades (trade_id) WHERE closed AND settlement NOT IN ('final', 'failed');
