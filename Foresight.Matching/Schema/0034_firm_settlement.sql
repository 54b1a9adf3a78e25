-- Firm trades settle before all others, and the oldest of them bounds how long new ones are taken.
CREATE INDEX trades_firm_unsettled ON trades (settlement, trade_id) WHERE firm AND settlement NOT IN ('final', 'failed');

-- The followed block in which the vault has paid. The engine holds the money until that block is final.
ALTER TABLE withdrawals ADD COLUMN paid_block bigint;
CREATE INDEX withdrawals_paid ON withdrawals (paid_block) WHERE state = 0 AND paid_block IS NOT NULL;
CREATE INDEX withdrawals_ended ON withdrawals (deadline) WHERE state <> 0;
