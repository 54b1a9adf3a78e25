-- Requests refused for their admin key, by address and minute over all Api nodes. Strangers fill it: the nodes keep the newest 10,000 rows.
CREATE TABLE refused_keys (
    minute  timestamptz NOT NULL,
    -- An IPv4 address, or the /64 of an IPv6 address.
    address text NOT NULL,
    -- Wrong keys that were compared, and attempts after those that were refused unread.
    wrong   integer NOT NULL,
    unread  integer NOT NULL,
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (minute, address)
);
