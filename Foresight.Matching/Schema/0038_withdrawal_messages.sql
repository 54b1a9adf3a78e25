-- Which state of a withdrawal its owner was last sent a message of; null: of none. Set before the message is sent, in the term of settlement,
-- so that no node sends one twice. By the numbers of WithdrawalSteps, and of LeavingState with 4 for one that is ready.
ALTER TABLE withdrawals ADD COLUMN published smallint;

-- 0 granted, 1 co-signed, 3 paid in a block that is not final, 4 paid, 5 lapsed. 2 is a passed deadline, which no column has.
ALTER TABLE withdrawals ADD COLUMN stage smallint NOT NULL GENERATED ALWAYS AS (
    CASE state WHEN 1 THEN 4 WHEN 2 THEN 5 ELSE
        CASE WHEN paid_block IS NOT NULL THEN 3 WHEN co_signature IS NOT NULL THEN 1 ELSE 0 END END) STORED;

ALTER TABLE vault_leaving ADD COLUMN published smallint;

-- What was before is read, and not sent afterwards.
UPDATE withdrawals SET published = stage;
UPDATE vault_leaving SET published = state;

CREATE INDEX withdrawals_unpublished ON withdrawals (granted_at)
    WHERE published IS DISTINCT FROM stage AND (published IS DISTINCT FROM 2 OR stage > 1);
CREATE INDEX withdrawals_to_expire ON withdrawals (deadline) WHERE stage <= 1 AND published < 2;
CREATE INDEX vault_leaving_unpublished ON vault_leaving (block_number, log_index) WHERE published IS NULL;
CREATE INDEX vault_leaving_to_ready ON vault_leaving (ready_at) WHERE next_block IS NULL AND state = 0 AND published = 0;
