-- The names of the code, one for each idea. Indexes keep their definitions.

ALTER TABLE offences RENAME TO strikes;
ALTER TABLE strikes RENAME COLUMN forgiven_at TO waived_at;
ALTER INDEX offences_pkey RENAME TO strikes_pkey;
ALTER INDEX offences_counting RENAME TO strikes_counting;
ALTER TABLE offender_audit RENAME COLUMN forgiven TO waived;
ALTER TABLE doubted_holdings RENAME TO unconfirmed_decreases;
ALTER INDEX doubted_holdings_pkey RENAME TO unconfirmed_decreases_pkey;
