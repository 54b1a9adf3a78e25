-- Complements the fence: a batch must follow its predecessor. A replica promoted before it received the last batches still names the term
-- that wrote them; if that term's leader went on writing, it would leave a gap over which no replay is possible. SQLSTATE FS002: rebuild
-- from the journal first.
CREATE FUNCTION assert_position(p_shard smallint, p_sequence bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    SELECT sequence INTO last FROM commands WHERE shard = p_shard ORDER BY sequence DESC LIMIT 1;
    IF coalesce(last, 0) <> p_sequence THEN
        RAISE EXCEPTION 'the journal of shard % ends at %, not at %', p_shard, coalesce(last, 0), p_sequence USING ERRCODE = 'FS002';
    END IF;
END $$;
