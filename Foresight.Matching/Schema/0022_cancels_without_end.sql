-- An order that has no expiry is valid for ever, so a cancelled salt is refused for ever too: rows are no longer removed. The column
-- "until" bounds only how many cancels without an order an account may have remembered in a day. It keeps its name, because nodes of the
-- version before write it as long as they lead.
DROP INDEX salt_tombstones_by_end;
