-- State of the chain's endpoints as seen by the holder of the lease settlement: JSON array of {name, isWell, head, behind, error}.
ALTER TABLE settlement_status ADD COLUMN endpoints jsonb NOT NULL DEFAULT '[]';
