-- What the operations API and the statistics ask again and again must not cost more with every trade that was ever made.

CREATE INDEX trades_failed ON trades (trade_id) WHERE settlement = 'failed';

-- Trades are written in the order of their time, so a summary per range of pages finds a day of them.
CREATE INDEX trades_by_time ON trades USING brin (executed_at);
