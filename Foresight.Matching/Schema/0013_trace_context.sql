-- W3C trace context of a sampled order (trace id, span id, flags: 25 bytes), so that whoever settles its trades goes on with its trace. NULL when it is
-- not sampled, which takes no room in the row. No part of the journal's content: a replay knows nothing of it.
ALTER TABLE orders ADD COLUMN trace_context bytea;
ALTER TABLE orders ADD CONSTRAINT orders_trace_context_length CHECK (length(trace_context) = 25) NOT VALID;
