-- An operator opens the trades that failed for one reason, which may be rare among many that failed for another.
CREATE INDEX trades_failed_by_reason ON trades (coalesce(split_part(settlement_reason, ':', 1), 'unknown'), trade_id)
    WHERE settlement = 'failed';
