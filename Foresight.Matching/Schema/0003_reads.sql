-- The cost of frequent reads by the operations API and the statistics must not grow with the number of all trades ever made.

CREATE INDEX trades_failed ON trades (trade_id) WHERE settlement = 'failed';

-- Trades are written in order of time, so a BRIN summary per range of pages finds a day of them.
CREATE INDEX trades_by_time ON trades USING brin (executed_at);
