-- What the node that took the term over had found (words of TakeOverReasons), so that an operator learns why leadership moved. Null for
-- terms of earlier versions.
ALTER TABLE leadership_history ADD COLUMN reason text;
