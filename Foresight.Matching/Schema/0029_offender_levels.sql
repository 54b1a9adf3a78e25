-- What a waiver changed, as every other decision has it; null in entries of earlier versions.
ALTER TABLE offender_audit ADD COLUMN from_level text, ADD COLUMN to_level text;
