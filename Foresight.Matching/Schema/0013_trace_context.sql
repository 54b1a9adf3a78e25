-- W3C trace context of a sampled order (trace id, span id, flags: 25 bytes), so that any node that settles its trades continues the trace.
-- NULL if it is not sampled, which takes no space in the row. Not part of the journal's content: a replay ignores it.
ALTER TABLE orders ADD COLUMN trace_context bytea;
ALTER TABLE orders ADD CONSTRAINT orders_trace_context_length CHECK (length(trace_context) = 25) NOT VALID;
