-- The lease: when its holder last confirmed that it lives, by this server's clock, and how long that counts. NULL: given back.
ALTER TABLE leadership ADD COLUMN renewed_at timestamptz;
ALTER TABLE leadership ADD COLUMN lease_ms integer NOT NULL DEFAULT 5000 CHECK (lease_ms > 0);

-- FOR KEY SHARE instead of FOR SHARE, so that a renewal (which changes no key) neither waits for a transaction of the term, such as a large
-- snapshot, nor delays one. A take-over locks the row FOR UPDATE, which conflicts with it as before.
CREATE OR REPLACE FUNCTION assert_term(p_resource text, p_epoch bigint, p_token uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM leadership WHERE resource = p_resource AND epoch = p_epoch AND token = p_token FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'term % of % has ended', p_epoch, p_resource USING ERRCODE = 'FS001';
    END IF;
END $$;
