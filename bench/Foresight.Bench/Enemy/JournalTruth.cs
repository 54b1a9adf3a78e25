using System.Text.Json;
using Foresight.Bench.Stack;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Recovery;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Bench.Enemy;

/// <summary>
/// Books are compared with a replay of the journal's commands and everything else with its rows, so that no node's word counts.
/// </summary>
internal sealed class JournalTruth
{
    private const int MostLevels = 2_000;
    private const int ReportedFalsehoods = 12;

    private readonly Dictionary<long, (long Epoch, byte[] Payload)> _commands = [];
    private readonly Dictionary<long, TradeRow> _trades = [];
    private readonly Dictionary<int, List<TradeRow>> _tradesOfMarket = [];
    private readonly Dictionary<string, (string Owner, int Market, long Lots)> _orders = [];
    private readonly Dictionary<string, List<FillRow>> _fills = [];
    private readonly HashSet<string> _transactions = [];
    private readonly List<string> _falsehoods = [];

    private JournalTruth() { }

    public long LastSequence { get; private set; }

    public int False { get; private set; }

    public IReadOnlyList<string> Falsehoods => _falsehoods;

    public IEnumerable<TradeRow> Trades => _trades.Values;

    public static async Task<JournalTruth> ReadAsync(NpgsqlDataSource database)
    {
        var truth = new JournalTruth();
        await truth.ReadRowsAsync(
            database,
            "SELECT sequence, epoch, payload FROM commands WHERE shard = 0 ORDER BY sequence",
            row => truth._commands.Add(row.GetInt64(0), (row.GetInt64(1), (byte[])row[2]))
        );
        truth.LastSequence = truth._commands.Keys.DefaultIfEmpty().Max();
        await truth.ReadRowsAsync(
            database,
            """
            SELECT trade_id, market_id, taker_outcome, taker_is_buy, taker_price_ticks, quantity_lots, epoch, sequence, settlement,
                coalesce(settlement_reason, '') FROM trades ORDER BY sequence, trade_id
            """,
            row =>
            {
                var place = new JournalPlace(row.GetInt64(6), row.GetInt64(7));
                var taker = (Outcome: (int)row.GetInt16(2), IsBuy: row.GetBoolean(3), Ticks: row.GetInt32(4));
                truth.Add(
                    new TradeRow(row.GetInt64(0), row.GetInt32(1), taker, row.GetInt64(5), place, row.GetString(8), row.GetString(9))
                );
            }
        );
        await truth.ReadRowsAsync(
            database,
            """
            SELECT encode(o.order_hash, 'hex'), encode(a.address, 'hex'), o.market_id, o.quantity_lots
            FROM orders o JOIN accounts a USING (account_id)
            """,
            row => truth._orders.Add("0x" + row.GetString(0), ("0x" + row.GetString(1), row.GetInt32(2), row.GetInt64(3)))
        );
        await truth.ReadRowsAsync(
            database,
            """
            SELECT encode(o.order_hash, 'hex'), f.trade_id, f.price_ticks, f.quantity_lots FROM fills f JOIN orders o USING (order_id)
            ORDER BY f.trade_id
            """,
            row =>
            {
                var hash = "0x" + row.GetString(0);
                if (!truth._fills.TryGetValue(hash, out var fills))
                    truth._fills.Add(hash, fills = []);
                fills.Add(new FillRow(row.GetInt64(1), row.GetInt32(2), row.GetInt64(3)));
            }
        );
        await truth.ReadRowsAsync(
            database,
            "SELECT encode(tx_hash, 'hex') FROM settlement_batches",
            row => truth._transactions.Add("0x" + row.GetString(0))
        );
        return truth;
    }

    /// <summary>In the order of their sequences, so that one replay serves all books.</summary>
    public void CheckBooks(IEnumerable<DepthMessage> sent)
    {
        var at = sent.OrderBy(message => message.Sequence).ToList();
        var engine = new ExchangeEngine(0);
        var events = default(NoEvents);
        var next = 0;
        for (long sequence = 0; sequence <= LastSequence; sequence++)
        {
            if (sequence > 0)
                engine.Apply(CommandCodec.Decode(_commands[sequence].Payload), ref events);
            for (; next < at.Count && at[next].Sequence <= sequence; next++)
                CheckBook(at[next], engine);
        }

        for (; next < at.Count; next++)
            Lie($"depth of market {at[next].Market} at {at[next].Sequence}, beyond the journal's end");
    }

    public void Check(TradesMessage message)
    {
        foreach (var trade in message.Trades)
            if (
                !_trades.TryGetValue(trade.TradeId, out var row)
                || row.Market != trade.MarketId
                || row.Place != new JournalPlace(trade.Epoch, trade.Sequence)
                || row.Taker.Outcome != trade.OutcomeIndex
                || Decimals.Price(row.Taker.Ticks) != trade.Price
                || Decimals.Shares(row.Lots) != trade.Amount
            )
                Lie($"trade {trade.TradeId} at {trade.Price} of {trade.Amount} ({trade.Epoch}, {trade.Sequence})");
        if (!IsEpochOf(message.Epoch, message.Sequence))
            Lie($"trades of market {message.Market} at ({message.Epoch}, {message.Sequence})");
    }

    public void Check(OrdersMessage message)
    {
        foreach (var update in message.Updates)
        {
            var what = $"{update.Kind} of {update.OrderId[..10]} at ({update.Epoch}, {update.Sequence})";
            if (
                !_orders.TryGetValue(update.OrderId, out var order)
                || order.Owner != update.Owner
                || order.Market != update.MarketId
                || !_commands.TryGetValue(update.Sequence, out var command)
                || command.Epoch != update.Epoch
            )
                Lie($"{what}: no such order or place");
            else if (update.Fill is { } fill && FillOf(update.OrderId, fill.TradeId) is var row && !Equals(row, fill))
                Lie($"{what}: fill {fill.TradeId} at {fill.Price}");
            else if (update is { Kind: "filled", Fill: { } last } && FilledUpTo(update.OrderId, last.TradeId) != update.FilledAmount)
                Lie($"{what}: filled {update.FilledAmount}");
            else if (
                update is { Kind: "trade_settled" or "trade_bust", Fill: { } closed }
                && _trades[closed.TradeId].Settlement != (update.Kind == "trade_settled" ? "final" : "failed")
            )
                Lie($"{what}: the trade is {_trades[closed.TradeId].Settlement}");
        }

        static bool Equals(FillRow? row, FillView fill) =>
            row is { } known && Decimals.Price(known.Ticks) == fill.Price && Decimals.Shares(known.Lots) == fill.Amount;
    }

    public void Check(TradeStatesMessage message)
    {
        foreach (var state in message.Trades)
        {
            var isTrue =
                _trades.TryGetValue(state.TradeId, out var row)
                && row.Market == state.MarketId
                && (state.Settlement is not ("final" or "failed") || row.Settlement == state.Settlement)
                && (state.Settlement != "failed" || row.Reason == (state.Reason ?? ""))
                && (state.TransactionHash is not { } hash || _transactions.Contains(hash));
            if (!isTrue)
                Lie($"trade {state.TradeId} is {state.Settlement} {state.Reason}");
        }
    }

    public void Check(StatsMessage message)
    {
        // Without trades there is nothing to compare but the position.
        var trades = _tradesOfMarket.GetValueOrDefault(message.Market) ?? [];
        var until = trades.TakeWhile(trade => trade.Place.Sequence <= message.Sequence).ToList();
        var isTrue =
            message.Sequence <= LastSequence
            && message.Stats.Trades24h == until.Count
            && message.Stats.Volume24h == Decimals.Shares(until.Sum(trade => trade.Lots));
        if (!isTrue)
            Lie($"stats of market {message.Market} at ({message.Epoch}, {message.Sequence}): {message.Stats.Trades24h} trades");
    }

    /// <summary>The notices of one client: none names the enemy, and none, which has its time or place in it, comes twice.</summary>
    public void Check(IEnumerable<JsonElement> notices)
    {
        var seen = new HashSet<string>();
        foreach (var notice in notices)
            if (NoticeForgery.IsFalse(notice) || !seen.Add(notice.GetRawText()))
                Lie($"notice {notice.GetRawText()}");
    }

    private void CheckBook(DepthMessage message, ExchangeEngine engine)
    {
        var what = $"depth of market {message.Market} at ({message.Epoch}, {message.Sequence})";
        if (!IsEpochOf(message.Epoch, message.Sequence))
        {
            Lie($"{what}: no such place");
            return;
        }

        foreach (var level in message.Levels)
        {
            var side = level.IsBid ? Side.Buy : Side.Sell;
            var lots = engine.LevelQuantity(new(message.Market), (byte)level.Outcome, side, new Price(level.PriceTicks)).Lots;
            if (lots == level.Lots)
                continue;
            Lie($"{what}: {level}, the journal gives {lots}");
            return;
        }

        if (!message.Snapshot)
            return;
        Span<DepthLevel> levels = new DepthLevel[MostLevels];
        foreach (var (outcome, side) in new[] { (0, Side.Buy), (0, Side.Sell), (1, Side.Buy), (1, Side.Sell) })
        {
            var count = engine.Depth(new(message.Market), (byte)outcome, side, levels);
            if (count == message.Levels.Count(level => level.Outcome == outcome && level.IsBid == (side == Side.Buy)))
                continue;
            Lie($"{what}: a snapshot without some levels");
            return;
        }
    }

    /// <summary>
    /// A later leader than the writer may name a position, because it repeats positions; an earlier one, or one that never was, may not.
    /// </summary>
    private bool IsEpochOf(long epoch, long sequence) =>
        sequence == 0 || (_commands.TryGetValue(sequence, out var command) && command.Epoch <= epoch && epoch <= HighestEpoch);

    /// <summary>Of the leadership, because it may be one more than that of any command.</summary>
    public long HighestEpoch { get; set; }

    private FillRow? FillOf(string order, long trade) =>
        _fills.TryGetValue(order, out var fills) && fills.Find(fill => fill.Trade == trade) is { Trade: > 0 } found ? found : null;

    private string FilledUpTo(string order, long trade) =>
        Decimals.Shares(_fills[order].Where(fill => fill.Trade <= trade).Sum(fill => fill.Lots));

    private void Add(TradeRow trade)
    {
        _trades.Add(trade.Id, trade);
        if (!_tradesOfMarket.TryGetValue(trade.Market, out var trades))
            _tradesOfMarket.Add(trade.Market, trades = []);
        trades.Add(trade);
    }

    private void Lie(string what)
    {
        False++;
        if (_falsehoods.Count < ReportedFalsehoods)
            _falsehoods.Add(what);
    }

    private async Task ReadRowsAsync(NpgsqlDataSource database, string sql, Action<NpgsqlDataReader> take)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = 120;
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            take(reader);
    }

    internal sealed record TradeRow(
        long Id,
        int Market,
        (int Outcome, bool IsBuy, int Ticks) Taker,
        long Lots,
        JournalPlace Place,
        string Settlement,
        string Reason
    );

    private readonly record struct FillRow(long Trade, int Ticks, long Lots);
}
