-- An operator looks for the transactions that failed, or that still wait, among all that were ever signed.
CREATE INDEX settlement_batches_by_state ON settlement_batches (state, batch_id DESC);
