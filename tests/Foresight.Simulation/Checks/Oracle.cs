using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Recovery;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using Foresight.Simulation.Postgres;

namespace Foresight.Simulation.Checks;

/// <summary>
/// Replays the journal in its own engine as it is committed, so that the expected rows and hash derive from the commands alone.
/// </summary>
internal sealed class Oracle(World world)
{
    private const int TickSize = 100;

    private readonly List<FillRow> _fills = [];
    private ExchangeEngine _engine = new(0);

    public long Sequence => _engine.Sequence;

    public string StateHash => Sequencer.Format(_engine.StateHash());

    public Holding OfVault(AccountId account, int market, int outcome) =>
        _engine.Balance(account, new MarketId(market), (byte)outcome, Purse.Vault);

    public long LevelLots(int market, int outcome, bool isBid, int priceTicks) =>
        _engine.LevelQuantity(new(market), (byte)outcome, isBid ? Side.Buy : Side.Sell, new Price(priceTicks)).Lots;

    /// <summary>Of all outcomes, at the tick size of this world's markets.</summary>
    public IEnumerable<LevelChange> Levels(int market) =>
        from outcome in Enumerable.Range(0, market == 1 ? 2 : 3)
        from isBid in new[] { true, false }
        from step in Enumerable.Range(1, (Price.TicksPerUnit / TickSize) - 1)
        let lots = LevelLots(market, outcome, isBid, step * TickSize)
        where lots > 0
        select new LevelChange(outcome, isBid, step * TickSize, lots);

    public void Apply(JournalStep.WriteRows write)
    {
        _fills.Clear();
        foreach (var row in write.Rows.Commands)
        {
            if (row.Command.Sequence != _engine.Sequence + 1)
                throw world.Violated("gap-free journal", $"{row.Command.Sequence} was committed after {_engine.Sequence}");
            var events = new Listener(_fills);
            var bytes = new byte[CommandCodec.Size];
            CommandCodec.Encode(row.Command, bytes);
            _engine.Apply(CommandCodec.Decode(bytes), ref events);
        }

        if (!_fills.SequenceEqual(write.Rows.Fills))
            throw world.Violated(
                "replay",
                $"the commands up to {_engine.Sequence} give {_fills.Count} fills by replay, {write.Rows.Fills.Count} were "
                    + "written, or others"
            );
        foreach (var balance in write.Rows.Balances)
        {
            var holding = _engine.Balance(balance.Account, balance.Market, balance.Outcome, balance.Purse);
            if (holding != balance.Holding)
                throw world.Violated(
                    "ledger",
                    $"account {balance.Account.Value} has {holding} by replay and {balance.Holding} in the ledger"
                );
            // A trade may draw on what is leaving, which no observation has shown as owned; the next one mends it (decision 0103).
            if ((holding.Owned < 0 && balance.Purse == Purse.Wallet) || holding.OrderHold < 0 || holding.TradeHold < 0)
                throw world.Violated("ledger", $"account {balance.Account.Value} has less than nothing: {holding}");
        }
    }

    /// <summary>A promotion may have lost rows, so the engine is rebuilt from all tables.</summary>
    public void Rebuild(Tables tables) => _engine = Replay(tables);

    public static ExchangeEngine Replay(Tables tables)
    {
        var engine = new ExchangeEngine(0);
        var events = default(NoEvents);
        foreach (var row in tables.Commands.Values)
            engine.Apply(CommandCodec.Decode(row.Payload), ref events);
        return engine;
    }

    private readonly struct Listener(List<FillRow> fills) : IExchangeEvents
    {
        public void OnAccepted(OrderId order, Purse purse, in Command placed) { }

        public void OnRejected(in CommandRejected e) { }

        public void OnTrade(in TradeExecuted e) { }

        public void OnFilled(in OrderFilled e) =>
            fills.Add(
                new FillRow(
                    e.Trade,
                    e.Leg,
                    e.Order,
                    e.Account,
                    e.Outcome,
                    e.Side == Side.Buy,
                    e.Price.Ticks,
                    e.Quantity.Lots,
                    e.IsTaker,
                    e.Purse
                )
            );

        public void OnCancelled(in OrderCancelled e) { }

        public void OnReplaced(in OrderReplaced e) { }

        public void OnMarketChanged(in MarketChanged e) { }

        public void OnTradeClosed(in TradeClosed e) { }

        public void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse) { }
    }
}
