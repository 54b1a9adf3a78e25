-- A market may take firm orders alone (docs/firm-money.md). The command that lists it in the engine has that, so it does not change later.
ALTER TABLE markets ADD COLUMN firm_only boolean NOT NULL DEFAULT false;
ALTER TABLE market_proposals ADD COLUMN firm_only boolean NOT NULL DEFAULT false;
