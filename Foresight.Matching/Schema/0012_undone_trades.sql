-- Trades that the engine has settled and a reorganisation has undone on chain. Read with every new batch, and almost always empty, hence a
-- partial index.
CREATE INDEX trades_undone ON trades (trade_id) WHERE closed AND settlement NOT IN ('final', 'failed');
