-- Beside the fence: a batch must follow the one before it. A promoted replica that had not received the last batches still names the term that
-- wrote them; that term's leader, if it could write on, would leave a gap that nobody can replay over. SQLSTATE FS002 means "rebuild first".
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
