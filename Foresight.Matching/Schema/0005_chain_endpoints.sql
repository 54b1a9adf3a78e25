-- The chain's endpoints as the holder of the lease settlement sees them: JSON array of {name, isWell, head, behind, error}.
ALTER TABLE settlement_status ADD COLUMN endpoints jsonb NOT NULL DEFAULT '[]';
