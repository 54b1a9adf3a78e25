using System.Text.Json;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Sharding;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Npgsql;
using NpgsqlTypes;
using static Foresight.Matching.Journal.Statements;

namespace Foresight.Matching.Journal;

/// <summary>What the matching loop looks up and commits. The reads of a rebuild are in <c>PostgresJournal.Rebuilding.cs</c>.</summary>
internal sealed partial class PostgresJournal : IJournal
{
    private readonly NpgsqlDataSource _database;
    private readonly int _shard;
    private readonly HashSet<Address>? _numbered;
    private readonly DuplicateLookup _lookup;

    /// <param name="sharesAccounts">True with several shards, which must agree on account ids: the database then assigns them.</param>
    /// <param name="expiryMarginSeconds">Only new orders depend on it: when one ends is part of its command in the journal.</param>
    public PostgresJournal(NpgsqlDataSource database, int shard, bool sharesAccounts = false, int expiryMarginSeconds = 0)
    {
        (_database, _shard) = (database, shard);
        _numbered = sharesAccounts ? [] : null;
        _lookup = new DuplicateLookup(database, shard, _numbered, expiryMarginSeconds);
    }

    public Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.Limit, cancellationToken, () => _lookup.FindAsync(requests, CancellationToken.None));

    public Task<Committed> ExecuteAsync(JournalTransaction transaction) =>
        RoundTrip.WithinAsync(transaction.Timeout ?? RoundTrip.Limit, CancellationToken.None, () => SendAsync(transaction));

    private async Task<Committed> SendAsync(JournalTransaction transaction)
    {
        await using var connection = await _database.OpenConnectionAsync();
        if (!transaction.TrySend())
            throw new TimeoutException("The transaction was abandoned before a connection was available.");
        await using var batch = new NpgsqlBatch(connection);
        if (transaction.Timeout is { } timeout)
            batch.Timeout = (int)Math.Ceiling(timeout.TotalSeconds);
        var stepOf = new Dictionary<NpgsqlBatchCommand, JournalStep>();
        foreach (var step in transaction.Steps)
        {
            var first = batch.BatchCommands.Count;
            Add(batch.BatchCommands, step);
            for (var i = first; i < batch.BatchCommands.Count; i++)
                stepOf.Add(batch.BatchCommands[i], step);
        }

        try
        {
            return await ReadBackAsync(batch, transaction);
        }
        catch (PostgresException error) when (error.InvariantSeverity == "ERROR" && error.BatchCommand is { } failed)
        {
            transaction.FailedStep = stepOf.GetValueOrDefault(failed);
            throw;
        }
    }

    private static async Task<Committed> ReadBackAsync(NpgsqlBatch batch, JournalTransaction transaction)
    {
        await using var reader = await batch.ExecuteReaderAsync();
        if (transaction.Steps.OfType<JournalStep.ReadBack>().FirstOrDefault() is not { } back)
        {
            // Npgsql raises an error of a later statement only when its result is read.
            while (await reader.NextResultAsync()) { }
            return new Committed(default, []);
        }

        // The first result is the fence's row; the statements that write return none.
        await reader.NextResultAsync();
        await reader.ReadAsync();
        var lsn = reader.GetFieldValue<NpgsqlLogSequenceNumber>(0);
        if (back.Rows.ClosedTrades.Count == 0)
            return new Committed(lsn, []);

        await reader.NextResultAsync();
        return new Committed(lsn, await ClosedFillStatements.ReadAsync(reader, back.Rows));
    }

    private void Add(NpgsqlBatchCommandCollection batch, JournalStep step)
    {
        switch (step)
        {
            case JournalStep.AssertTerm assert:
                batch.Add(assert.After is { } after ? Fence.Assert(assert.Term, _shard, after) : Fence.Assert(assert.Term));
                break;
            case JournalStep.WriteRows write:
                AddRows(batch, write.Rows, write.Epoch);
                break;
            case JournalStep.StoreSnapshot store:
                batch.Add(UpkeepStatements.Snapshot(store, _shard));
                batch.Add(UpkeepStatements.TooManySnapshots(_shard));
                break;
            case JournalStep.StoreFailure failure:
                batch.Add(UpkeepStatements.Failure(failure, _shard));
                batch.Add(UpkeepStatements.OldFailures(_shard));
                break;
            case JournalStep.Commit:
                // A sync message ends the implicit transaction here: the statements after it read committed state, still in the same round
                // trip.
                batch[^1].AppendErrorBarrier = true;
                break;
            case JournalStep.ReadBack back:
                batch.Add(new NpgsqlBatchCommand("SELECT pg_current_wal_insert_lsn()"));
                if (back.Rows.ClosedTrades.Count > 0)
                    batch.Add(ClosedFillStatements.Find(back.Rows));
                break;
        }
    }

    private void AddRows(NpgsqlBatchCommandCollection batch, JournalBatch rows, long epoch)
    {
        if (rows.Accounts.Count > 0)
            batch.Add(Accounts(rows));
        if (rows.Commands.Count > 0)
            batch.Add(Commands(rows, epoch));
        if (rows.NewOrders.Count > 0)
            batch.Add(NewOrders(rows, epoch));
        if (rows.ChangedOrders.Count > 0)
            batch.Add(ChangedOrders(rows));
        if (rows.Trades.Count > 0)
            batch.Add(Trades(rows, epoch));
        if (rows.Fills.Count > 0)
            batch.Add(Fills(rows));
        if (rows.Balances.Count > 0)
            batch.Add(Balances(rows));
        if (rows.ListedMarkets.Count > 0)
            batch.Add(ListedMarkets(rows));
        if (rows.ChangedMarkets.Count > 0)
            batch.Add(ChangedMarkets(rows));
        if (rows.ClosedTrades.Count > 0)
            batch.Add(ClosedTrades(rows));
        if (rows.Tombstones.Count > 0)
            batch.Add(TombstoneStatements.Insert(rows, _shard));
        if (rows.GrantedWithdrawals.Count > 0)
            batch.Add(WithdrawalStatements.Insert(rows, _shard, epoch));
        if (rows.EndedWithdrawals.Count > 0)
            batch.Add(WithdrawalStatements.End(rows));
    }

    private static NpgsqlBatchCommand Accounts(JournalBatch rows) =>
        Statement(
            "INSERT INTO accounts (account_id, address) SELECT * FROM unnest($1, $2)",
            Array(rows.Accounts, row => row.Id.Value, NpgsqlDbType.Integer),
            Array(rows.Accounts, row => row.Address.ToBytes(), NpgsqlDbType.Bytea)
        );

    private NpgsqlBatchCommand Commands(JournalBatch rows, long epoch) =>
        Statement(
            """
            INSERT INTO commands (shard, sequence, epoch, accepted_at, kind, request_id, payload, result)
            SELECT $1, u.sequence, $2, $3, u.kind, u.request_id, u.payload, u.result::jsonb
            FROM unnest($4, $5, $6, $7, $8) u(sequence, kind, request_id, payload, result)
            """,
            One((short)_shard, NpgsqlDbType.Smallint),
            One(epoch, NpgsqlDbType.Bigint),
            One(rows.AcceptedAt, NpgsqlDbType.TimestampTz),
            Array(rows.Commands, row => row.Command.Sequence, NpgsqlDbType.Bigint),
            Array(rows.Commands, row => (short)row.Command.Kind, NpgsqlDbType.Smallint),
            Array(rows.Commands, row => row.RequestId, NpgsqlDbType.Uuid),
            Array(rows.Commands, row => Encode(row.Command), NpgsqlDbType.Bytea),
            Array(rows.Commands, row => JsonSerializer.Serialize(row.Result, JsonSerializerOptions.Web), NpgsqlDbType.Text)
        );

    private NpgsqlBatchCommand NewOrders(JournalBatch rows, long epoch)
    {
        var orders = rows.NewOrders;
        return Statement(
            """
            INSERT INTO orders (order_hash, order_id, market_id, account_id, outcome, is_buy, price_ticks, quantity_lots, filled_lots,
                time_in_force, post_only, stp, client_order_id, idempotency_key, salt, salt_tag, expiry, signature, status, reason,
                shard, sequence, epoch, accepted_at, updated_sequence, updated_at, reduced_lots, trace_context, signed_by_contract, purse,
                purse_choice, firm_only, signing_key)
            SELECT u.hash, u.id, u.market, u.account, u.outcome, u.is_buy, u.price, u.lots, u.filled,
                u.tif, u.post_only, u.stp, u.client_id, u.key, u.salt::numeric, u.salt_tag, u.expiry, u.signature, u.status, u.reason,
                $1, u.sequence, $2, $3, u.updated, $3, u.reduced, u.trace, u.by_contract, u.purse, u.choice, u.firm_only,
                u.signing_key
            FROM unnest($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27,
                $28, $29, $30, $31, $32)
                u(hash, id, market, account, outcome, is_buy, price, lots, filled, tif, post_only, stp, client_id, key, salt,
                    salt_tag, expiry, signature, status, reason, sequence, updated, reduced, trace, by_contract, purse, choice, firm_only,
                    signing_key)
            """,
            One((short)_shard, NpgsqlDbType.Smallint),
            One(epoch, NpgsqlDbType.Bigint),
            One(rows.AcceptedAt, NpgsqlDbType.TimestampTz),
            Array(orders, row => row.Order.Hash.ToBytes(), NpgsqlDbType.Bytea),
            Array(orders, row => row.Order.Id.Value, NpgsqlDbType.Bigint),
            Array(orders, row => row.Order.Market.Value, NpgsqlDbType.Integer),
            Array(orders, row => row.Order.Account.Value, NpgsqlDbType.Integer),
            Array(orders, row => (short)row.Order.Outcome, NpgsqlDbType.Smallint),
            Array(orders, row => row.Order.Side == Side.Buy, NpgsqlDbType.Boolean),
            Array(orders, row => row.Order.Price.Ticks, NpgsqlDbType.Integer),
            Array(orders, row => row.Order.Lots, NpgsqlDbType.Bigint),
            Array(orders, row => row.Order.FilledLots, NpgsqlDbType.Bigint),
            Array(orders, row => (short)OrderOf(row).TimeInForce, NpgsqlDbType.Smallint),
            Array(orders, row => OrderOf(row).PostOnly, NpgsqlDbType.Boolean),
            Array(orders, row => (short)OrderOf(row).SelfTradePrevention, NpgsqlDbType.Smallint),
            Array(orders, row => OrderOf(row).ClientOrderId, NpgsqlDbType.Text),
            Array(orders, row => OrderOf(row).IdempotencyKey, NpgsqlDbType.Text),
            Array(orders, row => OrderOf(row).Salt, NpgsqlDbType.Text),
            Array(orders, row => (long)row.Request.SaltTag, NpgsqlDbType.Bigint),
            Array(orders, row => row.Order.SignedExpiry, NpgsqlDbType.Bigint),
            Array(orders, row => row.Request.Signature, NpgsqlDbType.Bytea),
            Array(orders, row => (short)row.Order.Status, NpgsqlDbType.Smallint),
            Array(orders, row => row.Order.Reason, NpgsqlDbType.Text),
            Array(orders, row => row.Order.Id.Sequence, NpgsqlDbType.Bigint),
            Array(orders, row => row.Order.UpdatedSequence, NpgsqlDbType.Bigint),
            Array(orders, row => row.Order.ReducedLots, NpgsqlDbType.Bigint),
            TraceContexts(rows),
            Array(orders, row => OrderOf(row).SignedByContract, NpgsqlDbType.Boolean),
            Array(orders, row => (short)row.Order.Purse, NpgsqlDbType.Smallint),
            Array(orders, row => (short)OrderOf(row).Purse, NpgsqlDbType.Smallint),
            Array(orders, row => OrderOf(row).FirmOnly, NpgsqlDbType.Boolean),
            SigningKeys(rows)
        );
    }

    private static PlaceOrder OrderOf((LiveOrder Order, QueuedCommand Request) row) => (PlaceOrder)row.Request.Command;

    /// <summary>Empty if no order is sampled: unnest then yields nulls, and the batch sends nothing for them.</summary>
    private static NpgsqlParameter TraceContexts(JournalBatch rows) =>
        Array(
            rows.Trace is null ? [] : rows.NewOrders,
            row => row.Request.Trace is { } trace ? TraceContext.ToBytes(trace.Caller) : null,
            NpgsqlDbType.Bytea
        );

    /// <summary>Empty if no registered key signed an order, as above.</summary>
    private static NpgsqlParameter SigningKeys(JournalBatch rows) =>
        Array(
            rows.NewOrders.Exists(row => row.Request.SigningKey is not null) ? rows.NewOrders : [],
            row => row.Request.SigningKey?.ToBytes(),
            NpgsqlDbType.Bytea
        );

    private static NpgsqlBatchCommand ChangedOrders(JournalBatch rows)
    {
        var changes = rows.ChangedOrders;
        return Statement(
            """
            UPDATE orders o SET filled_lots = u.filled, reduced_lots = u.reduced, status = u.status, reason = u.reason,
                price_ticks = u.price, updated_sequence = u.sequence, updated_at = $1
            FROM unnest($2, $3, $4, $5, $6, $7, $8) u(id, filled, status, reason, price, sequence, reduced) WHERE o.order_id = u.id
            """,
            One(rows.AcceptedAt, NpgsqlDbType.TimestampTz),
            Array(changes, row => row.Id.Value, NpgsqlDbType.Bigint),
            Array(changes, row => row.FilledLots, NpgsqlDbType.Bigint),
            Array(changes, row => (short)row.Status, NpgsqlDbType.Smallint),
            Array(changes, row => row.Reason, NpgsqlDbType.Text),
            Array(changes, row => row.Price.Ticks, NpgsqlDbType.Integer),
            Array(changes, row => row.UpdatedSequence, NpgsqlDbType.Bigint),
            Array(changes, row => row.ReducedLots, NpgsqlDbType.Bigint)
        );
    }

    private NpgsqlBatchCommand Trades(JournalBatch rows, long epoch) =>
        Statement(
            """
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, firm)
            SELECT u.id, u.market, u.kind, u.lots, u.outcome, u.is_buy, u.price, $1, u.sequence, $2, $3, u.firm
            FROM unnest($4, $5, $6, $7, $8, $9, $10, $11, $12) u(id, market, kind, lots, outcome, is_buy, price, sequence, firm)
            """,
            One((short)_shard, NpgsqlDbType.Smallint),
            One(epoch, NpgsqlDbType.Bigint),
            One(rows.AcceptedAt, NpgsqlDbType.TimestampTz),
            Array(rows.Trades, row => row.Id.Value, NpgsqlDbType.Bigint),
            Array(rows.Trades, row => row.Market.Value, NpgsqlDbType.Integer),
            Array(rows.Trades, row => (short)row.Kind, NpgsqlDbType.Smallint),
            Array(rows.Trades, row => row.Lots, NpgsqlDbType.Bigint),
            Array(rows.Trades, row => (short)row.TakerOutcome, NpgsqlDbType.Smallint),
            Array(rows.Trades, row => row.TakerIsBuy, NpgsqlDbType.Boolean),
            Array(rows.Trades, row => row.TakerPriceTicks, NpgsqlDbType.Integer),
            Array(rows.Trades, row => row.Sequence, NpgsqlDbType.Bigint),
            Array(rows.Trades, row => row.Firm, NpgsqlDbType.Boolean)
        );

    private static NpgsqlBatchCommand Fills(JournalBatch rows) =>
        Statement(
            """
            INSERT INTO fills (trade_id, leg, order_id, account_id, outcome, is_buy, price_ticks, quantity_lots, is_taker, purse)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            Array(rows.Fills, row => row.Trade.Value, NpgsqlDbType.Bigint),
            Array(rows.Fills, row => (short)row.Leg, NpgsqlDbType.Smallint),
            Array(rows.Fills, row => row.Order.Value, NpgsqlDbType.Bigint),
            Array(rows.Fills, row => row.Account.Value, NpgsqlDbType.Integer),
            Array(rows.Fills, row => (short)row.Outcome, NpgsqlDbType.Smallint),
            Array(rows.Fills, row => row.IsBuy, NpgsqlDbType.Boolean),
            Array(rows.Fills, row => row.PriceTicks, NpgsqlDbType.Integer),
            Array(rows.Fills, row => row.Lots, NpgsqlDbType.Bigint),
            Array(rows.Fills, row => row.IsTaker, NpgsqlDbType.Boolean),
            Array(rows.Fills, row => (short)row.Purse, NpgsqlDbType.Smallint)
        );

    private NpgsqlBatchCommand Balances(JournalBatch rows) =>
        Statement(
            """
            INSERT INTO balances AS b (account_id, market_id, outcome, shard, purse, owned, order_hold, trade_hold, observed_block,
                updated_sequence)
            SELECT u.account, u.market, u.outcome, $9, u.purse, u.owned, u.order_hold, u.trade_hold, u.block, $1
            FROM unnest($2, $3, $4, $5, $6, $7, $8, $10) u(account, market, outcome, owned, order_hold, trade_hold, block, purse)
            ON CONFLICT (account_id, market_id, outcome, shard, purse) DO UPDATE SET
                owned = excluded.owned, order_hold = excluded.order_hold, trade_hold = excluded.trade_hold,
                observed_block = greatest(b.observed_block, excluded.observed_block), updated_sequence = excluded.updated_sequence
            """,
            One(rows.LastSequence, NpgsqlDbType.Bigint),
            Array(rows.Balances, row => row.Account.Value, NpgsqlDbType.Integer),
            Array(rows.Balances, row => row.Market.Value, NpgsqlDbType.Integer),
            Array(rows.Balances, row => (short)row.Outcome, NpgsqlDbType.Smallint),
            Array(rows.Balances, row => row.Holding.Owned, NpgsqlDbType.Bigint),
            Array(rows.Balances, row => row.Holding.OrderHold, NpgsqlDbType.Bigint),
            Array(rows.Balances, row => row.Holding.TradeHold, NpgsqlDbType.Bigint),
            Array(rows.Balances, row => row.ObservedBlock, NpgsqlDbType.Bigint),
            One((short)_shard, NpgsqlDbType.Smallint),
            Array(rows.Balances, row => (short)row.Purse, NpgsqlDbType.Smallint)
        );

    private static NpgsqlBatchCommand ListedMarkets(JournalBatch rows) =>
        Statement(
            "UPDATE markets m SET listed_sequence = u.sequence FROM unnest($1, $2) u(id, sequence) WHERE m.market_id = u.id",
            Array(rows.ListedMarkets, row => row.Market.Value, NpgsqlDbType.Integer),
            Array(rows.ListedMarkets, row => row.Sequence, NpgsqlDbType.Bigint)
        );

    private static NpgsqlBatchCommand ChangedMarkets(JournalBatch rows)
    {
        // UPDATE … FROM applies an arbitrary one of several rows with the same key, so only a market's last change is sent.
        var changes = rows.ChangedMarkets.GroupBy(change => change.Market).Select(changes => changes.Last()).ToList();
        return Statement(
            """
            UPDATE markets m SET state = u.state, resolved_outcome = CASE WHEN u.state = 3 THEN u.winner END
            FROM unnest($1, $2, $3) u(id, state, winner) WHERE m.market_id = u.id
            """,
            Array(changes, row => row.Market.Value, NpgsqlDbType.Integer),
            Array(changes, row => (short)row.State, NpgsqlDbType.Smallint),
            Array(changes, row => (short)row.Winner, NpgsqlDbType.Smallint)
        );
    }

    private static NpgsqlBatchCommand ClosedTrades(JournalBatch rows) =>
        Statement(
            "UPDATE trades SET closed = true WHERE trade_id = ANY($1)",
            Array(rows.ClosedTrades, row => row.Trade.Value, NpgsqlDbType.Bigint)
        );

    private static byte[] Encode(Command command)
    {
        var bytes = new byte[CommandCodec.Size];
        CommandCodec.Encode(command, bytes);
        return bytes;
    }
}

internal sealed class PostgresJournals(ShardOptions shards, int expiryMarginSeconds) : IJournals
{
    public IJournal Open(Lease lease, int shard) =>
        new PostgresJournal(lease.Database, shard, sharesAccounts: shards.Count > 1, expiryMarginSeconds);
}
