-- Since when something is as it is, for an operator who opens the console after it began.
-- When head_block last changed; null until it does under this version.
ALTER TABLE settlement_status ADD COLUMN head_at timestamptz;
-- Below it the signer's account needs gas money: the holder's setting, so that the console warns when settlement does.
ALTER TABLE settlement_status ADD COLUMN low_balance_wei numeric(78);
ALTER TABLE settlement_status ADD COLUMN balance_low_since timestamptz;
