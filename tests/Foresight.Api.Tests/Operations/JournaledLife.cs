using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;

namespace Foresight.Api.Tests.Operations;

/// <summary>
/// Two accounts, an order of each, and the trades between them in every state of settlement: in numbers of their own, so that the tests of
/// one stack do not meet. No order is open, because the node could take it into its book.
/// </summary>
internal sealed class JournaledLife(ApiStack stack, int number, string phrase)
{
    public const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    private static readonly string Signer = new('d', 40);

    public Address Buyer { get; } = PrivateKey.OfPhrase($"buyer of {phrase}").Address;

    public Address Seller { get; } = PrivateKey.OfPhrase($"seller of {phrase}").Address;

    /// <summary>Id of the buyer's order and of its account; the seller's are one more. Trades follow it by 1 to 6.</summary>
    public int First => number;

    public Hash32 Bought => HashOf("order", 0);

    public Hash32 Sold => HashOf("order", 1);

    public Hash32 Replaced => HashOf("transaction", 1);

    public Hash32 Sent => HashOf("transaction", 2);

    public long Trade(int n) => number + n;

    public async Task InsertAsync() =>
        await stack.ExecuteAsync(
            $"""
            INSERT INTO accounts (account_id, address) VALUES ({number}, '\x{Hex(Buyer)}'), ({number + 1}, '\x{Hex(Seller)}');
            INSERT INTO balances (account_id, market_id, outcome, owned, order_hold, trade_hold, observed_block, updated_sequence)
                VALUES ({number}, 0, 255, 10000000, 2500000, 500000, 40, 1), ({number}, 1, 0, 1250, 0, 0, 41, 2);
            INSERT INTO orders (order_hash, order_id, market_id, account_id, outcome, is_buy, price_ticks, quantity_lots, filled_lots,
                time_in_force, post_only, stp, client_order_id, idempotency_key, salt, salt_tag, expiry, signature, status, reason, shard,
                sequence, epoch, accepted_at, updated_sequence, updated_at, trace_context)
            VALUES ('\x{Hex(
                Bought
            )}', {number}, 1, {number}, 0, true, 5000, 1000, 600, 0, false, 0, 'client-{number}', 'key-{number}', 1, 1, 0,
                    '\x1234', 3, 'unfunded', 0, {number}, 1, '2026-03-01 10:00:00Z', {number + 9}, '2026-03-01 10:00:09Z',
                    '\x{TraceId}b7ad6b716920333101'),
                ('\x{Hex(Sold)}', {number + 1}, 1, {number + 1}, 0, false, 5000, 600, 600, 0, false, 0, NULL, NULL, 2, 2, 0,
                    '\x1234', 2, NULL, 0, {number + 1}, 1, '2026-03-01 10:00:01Z', {number + 9}, '2026-03-01 10:00:09Z', NULL);
            INSERT INTO settlement_batches (batch_id, market_id, signer, nonce, raw_tx, tx_hash, state, block_number, gas_used, gas_limit,
                max_fee_wei, priority_fee_wei, trades, epoch, generation, created_at, broadcast_at, mined_at, updated_at)
            OVERRIDING SYSTEM VALUE
            VALUES ({number}, 1, '\x{Signer}', {number}, '\x99', '\x{Hex(Replaced)}', 'replaced', NULL, NULL, 100000, 7, 1, 4, 3, 1,
                    '2026-03-01 10:01:00Z', '2026-03-01 10:01:01Z', NULL, '2026-03-01 10:02:00Z'),
                ({number + 1}, 1, '\x{Signer}', {number}, '\x99', '\x{Hex(Sent)}', 'mined', 77, 90000, 100000, 9, 2, 4, 3, 1,
                    '2026-03-01 10:02:00Z', '2026-03-01 10:02:01Z', '2026-03-01 10:02:05Z', '2026-03-01 10:02:05Z');
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, settlement, settlement_reason, settlement_changed_at, settled_at, tx_hash, block_number, batch_id,
                closed)
            SELECT {number} + n, 1, 0, 100, 0, true, 5000, 0, {number} + n, 1, '2026-03-01 10:00:00Z'::timestamptz + n * interval '1 s',
                (ARRAY['matched', 'batched', 'broadcast', 'mined', 'final', 'failed'])[n],
                CASE WHEN n = 6 THEN 'insufficient_collateral:0x{Hex(Buyer)}' END, '2026-03-01 10:03:00Z',
                CASE WHEN n = 5 THEN '2026-03-01 10:04:00Z'::timestamptz END,
                CASE WHEN n >= 4 THEN '\x{Hex(Sent)}'::bytea END, CASE WHEN n >= 4 THEN 77 END, CASE WHEN n > 1 THEN {number + 1} END, true
            FROM generate_series(1, 6) n;
            INSERT INTO fills (trade_id, leg, order_id, account_id, outcome, is_buy, price_ticks, quantity_lots, is_taker)
            SELECT {number} + n, leg, {number} + leg, {number} + leg, 0, leg = 0, 5000, 100, leg = 0
            FROM generate_series(1, 6) n, generate_series(0, 1) leg;
            INSERT INTO strikes (trade_id, address, reason, points)
                VALUES ({number} + 6, '\x{Hex(Buyer)}', 'insufficient_collateral', 20);
            INSERT INTO discrepancies (natural_key, kind, severity, summary, trade_id)
                VALUES ('status_mismatch:{number}', 'status_mismatch', 'low', 'A status.', {number} + 6)
            """
        );

    public async Task DeleteAsync() =>
        await stack.ExecuteAsync(
            $"""
            DELETE FROM discrepancies WHERE natural_key = 'status_mismatch:{number}';
            DELETE FROM strikes WHERE trade_id BETWEEN {number} AND {number + 9};
            DELETE FROM fills WHERE trade_id BETWEEN {number} AND {number + 9};
            DELETE FROM trades WHERE trade_id BETWEEN {number} AND {number + 9};
            DELETE FROM settlement_batches WHERE batch_id BETWEEN {number} AND {number + 9};
            DELETE FROM orders WHERE order_id BETWEEN {number} AND {number + 9};
            DELETE FROM balances WHERE account_id BETWEEN {number} AND {number + 9};
            DELETE FROM accounts WHERE account_id BETWEEN {number} AND {number + 9}
            """
        );

    private static string Hex(Address address) => address.ToLowerHex()[2..];

    private static string Hex(Hash32 hash) => hash.ToString()[2..];

    private Hash32 HashOf(string what, int n) => Keccak256.HashText($"{what} {n} of {phrase}");
}
