using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;

namespace Foresight.Api.Tests.Operations.Firm;

/// <summary>
/// A vault, one account with withdrawals in every state, and one with a request and two unsettled firm trades with the first. In numbers
/// of its own, so that the tests of one stack do not meet.
/// </summary>
internal sealed class FirmLife(ApiStack stack, int number)
{
    public const string CoSignature = "5ec4e75ec4e7";

    public static readonly Address Vault = Address.Parse("0xdddddddddddddddddddddddddddddddddddddddd");

    public Address Alice { get; } = PrivateKey.OfPhrase($"alice of {number}").Address;

    public Address Bob { get; } = PrivateKey.OfPhrase($"bob of {number}").Address;

    /// <summary>Of Bob's request: the same for both parts of the delay.</summary>
    public static readonly DateTimeOffset BobIsReady = new(2030, 1, 1, 0, 0, 30, TimeSpan.Zero);

    public Task InsertAsync() =>
        stack.ExecuteAsync(
            $"""
            UPDATE deployments SET vault = '\x{Hex(Vault)}', withdrawal_blocks = 40, withdrawal_seconds = 1200, generation = 1;
            DELETE FROM settlement_status;
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations) VALUES ('matching-1', 1, 100, 98, 2);
            INSERT INTO accounts (account_id, address) VALUES ({number}, '\x{Hex(Alice)}'), ({number + 1}, '\x{Hex(Bob)}');
            INSERT INTO balances (account_id, market_id, outcome, owned, order_hold, trade_hold, observed_block, updated_sequence, purse)
                VALUES ({number}, 0, 255, 30000000, 0, 0, 40, 1, 0), ({number}, 0, 255, 10000000, 1000000, 4500000, 40, 1, 1),
                    ({number}, 1, 1, 1250, 0, 0, 40, 1, 1), ({number + 1}, 0, 255, 7000000, 0, 0, 40, 1, 0);
            -- Nonce 2^64 - 1 is -1 in the column.
            INSERT INTO withdrawals (account_id, nonce, market_id, outcome, units, deadline, shard, sequence, epoch, granted_at, state,
                co_signature, paid_block)
            VALUES ({number}, 1, 0, 255, 1000000, '2030-01-01 00:00:10Z', 0, {number}, 1, now(), 0, NULL, NULL),
                ({number}, 2, 0, 255, 2000000, '2030-01-01 00:00:20Z', 0, {number + 1}, 1, now(), 0, '\x{CoSignature}', NULL),
                ({number}, 3, 0, 255, 500000, '2020-01-01Z', 0, {number + 2}, 1, now(), 0, '\x{CoSignature}', NULL),
                ({number}, -1, 0, 255, 1000000, '2030-01-01 00:00:40Z', 0, {number + 3}, 1, now(), 0, '\x{CoSignature}', 99),
                ({number}, 5, 0, 255, 1000000, '2026-01-01Z', 0, {number + 4}, 1, now(), 1, '\x{CoSignature}', 90),
                ({number}, 6, 0, 255, 1000000, '2026-01-02Z', 0, {number + 5}, 1, now(), 2, '\x{CoSignature}', NULL);
            INSERT INTO vault_leaving (block_number, log_index, address, market_id, outcome, state, units, requested_block, requested_at,
                ready_block, ready_at, changed_at, tx_hash, next_block)
            VALUES ({number}, 0, '\x{Hex(Alice)}', 0, 255, 0, 9000000, 60, '2025-12-31Z', 100, '2025-12-31 00:20Z', now(), {Hash}, {number
                + 1}),
                ({number + 1}, 0, '\x{Hex(Alice)}', 0, 255, 0, 8000000, 60, '2025-12-31Z', 100, '2025-12-31 00:20Z', now(), {Hash}, NULL),
                ({number + 2}, 0, '\x{Hex(Alice)}', 1, 1, 1, 250, 61, '2025-12-30Z', 101, '2025-12-30Z', now(), {Hash}, NULL),
                ({number + 3}, 0, '\x{Hex(Alice)}', 1, 0, 2, 150, 61, '2025-12-29Z', 101, '2025-12-29Z', now(), {Hash}, NULL),
                ({number + 4}, 0, '\x{Hex(Alice)}', 2, 0, 3, 0, 61, '2025-12-28Z', 101, '2025-12-28Z', now(), {Hash}, NULL),
                ({number + 5}, 0, '\x{Hex(
                Bob
            )}', 0, 255, 0, 7000000, 90, '2030-01-01 00:00:00Z', 130, '2030-01-01 00:00:30Z', now(), {Hash},
                    NULL);
            INSERT INTO orders (order_hash, order_id, market_id, account_id, outcome, is_buy, price_ticks, quantity_lots, filled_lots,
                time_in_force, post_only, stp, salt, salt_tag, expiry, signature, status, shard, sequence, epoch, accepted_at,
                updated_sequence, updated_at, purse)
            SELECT decode(lpad(to_hex({number} + n), 64, '0'), 'hex'), {number} + n, 2, {number}, 0, true, 5000, 1000, 250, 0, false, 0, n,
                n, 0, '\x1234', 1, 0, {number} + n, 1, now(), {number} + n, now(), n % 2 FROM generate_series(0, 2) n;
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, settlement, settlement_changed_at, closed, firm)
            SELECT {number} + n, 1, 0, 100, 0, true, 5000, 0, {number} + n, 1, now() - n * interval '1 min', 'matched', now(), n = 3, n <> 4
            FROM generate_series(1, 4) n;
            INSERT INTO fills (trade_id, leg, order_id, account_id, outcome, is_buy, price_ticks, quantity_lots, is_taker)
            SELECT {number} + n, leg, {number}, {number} + leg, 0, leg = 0, 5000, 100, leg = 0
            FROM generate_series(1, 4) n, generate_series(0, 1) leg
            """
        );

    public Task SetTermsAsync(long trades, string until = "now() + interval '5 min'", string lowered = "now() - interval '1 h'") =>
        stack.ExecuteAsync(
            $"""
            DELETE FROM firm_terms;
            INSERT INTO firm_terms (until_at, trades, shards, trades_per_second, lowered_at) VALUES ({until}, {trades}, 1, 0.5, {lowered})
            """
        );

    public Task DeleteAsync() =>
        stack.ExecuteAsync(
            $"""
            UPDATE deployments SET vault = NULL, withdrawal_blocks = NULL, withdrawal_seconds = NULL;
            DELETE FROM settlement_status;
            DELETE FROM firm_terms;
            DELETE FROM vault_leaving;
            DELETE FROM withdrawals WHERE account_id BETWEEN {number} AND {number + 1};
            DELETE FROM fills WHERE trade_id BETWEEN {number} AND {number + 9};
            DELETE FROM trades WHERE trade_id BETWEEN {number} AND {number + 9};
            DELETE FROM orders WHERE order_id BETWEEN {number} AND {number + 9};
            DELETE FROM balances WHERE account_id BETWEEN {number} AND {number + 1};
            DELETE FROM accounts WHERE account_id BETWEEN {number} AND {number + 1}
            """
        );

    private const string Hash = "decode(repeat('ab', 32), 'hex')";

    private static string Hex(Address address) => address.ToLowerHex()[2..];
}
