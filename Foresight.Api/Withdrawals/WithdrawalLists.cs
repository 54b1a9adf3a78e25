using Dapper;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using NpgsqlTypes;

namespace Foresight.Api.Withdrawals;

/// <summary>Withdrawals of both kinds in one order: requested on chain, and co-signed. Never with a co-signature.</summary>
public sealed class WithdrawalLists(Database database)
{
    /// <summary>Of the table withdrawals as w.</summary>
    internal const string CoSignedState = $"""
        CASE w.state WHEN 1 THEN '{WithdrawalStates.Paid}' WHEN 2 THEN '{WithdrawalStates.Lapsed}' ELSE
            CASE WHEN w.paid_block IS NOT NULL THEN '{WithdrawalStates.Paying}'
                WHEN w.deadline < clock_timestamp() THEN '{WithdrawalStates.Expired}'
                WHEN w.co_signature IS NULL THEN '{WithdrawalStates.Granted}' ELSE '{WithdrawalStates.CoSigned}' END END
        """;

    /// <summary>Of the table vault_leaving as v, and the head of the chain.</summary>
    private const string RequestState = $"""
        CASE v.state WHEN 1 THEN '{WithdrawalStates.Cancelled}' WHEN 2 THEN '{WithdrawalStates.Finished}'
            WHEN 3 THEN '{WithdrawalStates.Drawn}' ELSE
            CASE WHEN v.ready_at <= clock_timestamp() AND v.ready_block <= h.head THEN '{WithdrawalStates.Ready}'
                ELSE '{WithdrawalStates.Leaving}' END END
        """;

    /// <summary>What an account has to settle before its money is gone. The bound of settlement keeps it small.</summary>
    private const string Unsettled = """
        firm AS MATERIALIZED (
            SELECT f.account_id, count(DISTINCT t.trade_id) AS trades FROM trades t JOIN fills f USING (trade_id)
            WHERE t.firm AND t.settlement NOT IN ('final', 'failed') AND NOT t.closed GROUP BY f.account_id),
        head AS MATERIALIZED (SELECT coalesce((SELECT head_block FROM settlement_status WHERE only_row), 0) AS head)
        """;

    /// <summary>From the primary: an operator looks here when something is stuck, and a replica may be what is stuck.</summary>
    internal Task<CountedPage<VaultWithdrawalView>> ListAsync(
        WithdrawalFilter filter,
        WithdrawalPage page,
        CancellationToken cancellationToken
    ) =>
        database.ReadPrimaryAsync(
            "withdrawals",
            (connection, cancellationToken) =>
                CountedPages.ReadAsync<Row, VaultWithdrawalView>(
                    connection,
                    CountQuery(filter),
                    page.Order is null ? PageQuery(filter) : SortedQuery(filter, page.Order),
                    ParametersOf(filter, page),
                    page.Size,
                    page.Order,
                    row => row.CursorKey.ToString(),
                    row => row.View(),
                    cancellationToken
                ),
            cancellationToken
        );

    internal Task<Page<VaultWithdrawalView>> OpenOfAsync(
        Address account,
        WithdrawalPage page,
        NpgsqlLogSequenceNumber? after,
        CancellationToken cancellationToken
    ) =>
        database.ReadAsync(
            "withdrawals_of",
            after,
            async (connection, cancellationToken) =>
            {
                var filter = new WithdrawalFilter(account, State: null);
                var read = await connection.QueryAsync<Row>(
                    new CommandDefinition(PageQuery(filter), ParametersOf(filter, page), cancellationToken: cancellationToken)
                );
                var (rows, next) = PageParameters.Cut(read.AsList(), page.Size, row => row.CursorKey.ToString());
                return new Page<VaultWithdrawalView>([.. rows.Select(row => row.View())], next);
            },
            cancellationToken
        );

    internal static string PageQuery(WithdrawalFilter filter) =>
        $"""
            WITH {Unsettled}
            SELECT * FROM ({Both(filter, "@rows", isPaged: true)}) AS both_kinds ORDER BY {Own(filter)} LIMIT @rows
            """;

    internal static string CountQuery(WithdrawalFilter filter) =>
        $"""
            WITH {Unsettled}
            SELECT count(*) FROM (SELECT FROM ({Both(filter, "@most", isPaged: false)}) AS both_kinds LIMIT @most) AS listed
            """;

    /// <summary>Of the first rows in the list's own order.</summary>
    internal static string SortedQuery(WithdrawalFilter filter, ListOrder order)
    {
        var key = order.Sort switch
        {
            "deadline" => "deadline",
            "since" => "since",
            "account" => "address",
            "asset" => "(market_id, outcome)",
            "kind" => "kind",
            "state" => "array_position(@states, state)",
            "unsettledFirmTrades" => "unsettled_firm_trades",
            _ => throw new InvalidOperationException($"The order {order.Sort} was not checked."),
        };
        // Ends with the key, so that equal rows have an order too and no page repeats or misses one.
        return $"""
            WITH {Unsettled}
            SELECT * FROM (
                SELECT * FROM ({Both(filter, "@most", isPaged: false)}) AS both_kinds ORDER BY {Own(filter)} LIMIT @most) AS listed
            ORDER BY {key} {order.Direction}, {Own(filter)} LIMIT @rows OFFSET @offset
            """;
    }

    internal static object ParametersOf(WithdrawalFilter filter, WithdrawalPage page) =>
        new
        {
            account = filter.Account?.ToBytes(),
            state = filter.State,
            states = WithdrawalStates.All.ToArray(),
            seconds = page.After?.DeadlineSeconds ?? 0,
            kind = page.After?.Kind ?? 0,
            first = page.After?.First ?? 0,
            second = page.After?.Second ?? 0,
            isFirst = page.After is null,
            rows = page.Size + 1,
            offset = page.Offset,
            most = SortedLists.Rows,
        };

    private static string Own(WithdrawalFilter filter)
    {
        var direction = filter.IsOpen ? "ASC" : "DESC";
        return $"deadline {direction}, kind {direction}, first {direction}, second {direction}";
    }

    /// <summary>Each kind is cut by itself, in the order of its own index, before both are put together.</summary>
    private static string Both(WithdrawalFilter filter, string limit, bool isPaged)
    {
        var (direction, than) = filter.IsOpen ? ("ASC", ">") : ("DESC", "<");
        return $"""
            (SELECT 0 AS kind, v.block_number AS first, v.log_index::bigint AS second, v.address, v.market_id, v.outcome, v.units,
                {RequestState} AS state, v.requested_at AS since, v.ready_at AS deadline, v.requested_block, v.ready_block, h.head,
                NULL::bigint AS nonce, v.block_number AS block, v.tx_hash, coalesce(f.trades, 0) AS unsettled_firm_trades
            FROM vault_leaving v CROSS JOIN head h LEFT JOIN accounts a ON a.address = v.address
                LEFT JOIN firm f ON f.account_id = a.account_id
            WHERE {(filter.IsOpen ? "v.next_block IS NULL AND v.state = 0" : "v.state <> 0")}
                {(filter.Account is null ? "" : "AND v.address = @account")}
                {(filter.State is null ? "" : $"AND {RequestState} = @state")}
                {(isPaged ? Beyond("v.ready_at, 0, v.block_number, v.log_index") : "")}
            ORDER BY v.ready_at {direction}, v.block_number {direction}, v.log_index {direction} LIMIT {limit})
            UNION ALL
            (SELECT 1, w.shard::bigint, w.sequence, a.address, w.market_id, w.outcome, w.units, {CoSignedState}, w.granted_at, w.deadline,
                NULL, NULL, NULL, w.nonce, w.paid_block, NULL, coalesce(f.trades, 0)
            FROM withdrawals w JOIN accounts a USING (account_id) LEFT JOIN firm f USING (account_id)
            WHERE {(filter.IsOpen ? "w.state = 0" : "w.state <> 0")}
                {(filter.Account is null ? "" : "AND a.address = @account")}
                {(filter.State is null ? "" : $"AND {CoSignedState} = @state")}
                {(isPaged ? Beyond("w.deadline, 1, w.shard::bigint, w.sequence") : "")}
            ORDER BY w.deadline {direction}, w.shard {direction}, w.sequence {direction} LIMIT {limit})
            """;

        string Beyond(string key) => $"AND (@isFirst OR ({key}) {than} (to_timestamp(@seconds), @kind, @first, @second))";
    }

    private sealed class Row
    {
        public int Kind { get; init; }
        public long First { get; init; }
        public long Second { get; init; }
        public byte[] Address { get; init; } = [];
        public int MarketId { get; init; }
        public short Outcome { get; init; }
        public long Units { get; init; }
        public string State { get; init; } = "";
        public DateTime Since { get; init; }
        public DateTime Deadline { get; init; }
        public long? RequestedBlock { get; init; }
        public long? ReadyBlock { get; init; }
        public long? Head { get; init; }
        public long? Nonce { get; init; }
        public long? Block { get; init; }
        public byte[]? TxHash { get; init; }
        public long UnsettledFirmTrades { get; init; }

        public WithdrawalKey CursorKey => new(new DateTimeOffset(Deadline).ToUnixTimeSeconds(), Kind, First, Second);

        public VaultWithdrawalView View() =>
            new(
                new Address(Address).ToString(),
                WithdrawalRules.NameOf(MarketId, Outcome),
                WithdrawalRules.AmountOf(Outcome, Units),
                Kind == 0 ? WithdrawalKinds.Request : WithdrawalKinds.CoSignature,
                State,
                Since,
                Deadline,
                RequestedBlock,
                ReadyBlock,
                State == WithdrawalStates.Leaving ? Math.Max(0, ReadyBlock!.Value - Head!.Value) : null,
                Nonce is { } nonce ? $"{unchecked((ulong)nonce)}" : null,
                Block,
                TxHash is { } hash ? new Hash32(hash).ToString() : null,
                UnsettledFirmTrades
            );
    }
}
