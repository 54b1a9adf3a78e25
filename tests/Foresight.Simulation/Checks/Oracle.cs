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
    private readonly List<(AccountId, MarketId, byte, Purse)> _touched = [];

    /// <summary>As of the last command that touched them.</summary>
    private readonly Dictionary<(AccountId, MarketId, byte, Purse), Holding> _holdings = [];
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
            var bytes = new byte[CommandCodec.Size];
            CommandCodec.Encode(row.Command, bytes);
            Apply(_engine, CommandCodec.Decode(bytes));
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
            if ((holding.Owned < 0 && balance.Purse == Purse.Wallet) || holding.OrderHold < 0 || holding.TradeHold < 0)
                throw world.Violated("ledger", $"account {balance.Account.Value} has less than nothing: {holding}");
        }
    }

    /// <summary>
    /// Vouched for by firm terms: what trades and co-signatures have drawn on leaving money has been observed since, so that no purse is
    /// short of it.
    /// </summary>
    public void RequireNoPurseBelowZero()
    {
        foreach (var ((account, market, outcome, purse), holding) in _holdings)
            if (purse == Purse.Vault && holding.Owned < 0)
                throw world.Violated(
                    "terms come after the facts",
                    $"account {account.Value} has {holding} of {market.Value}/{outcome} in the vault while firm terms are given"
                );
    }

    /// <summary>A promotion may have lost rows, so the engine is rebuilt from all tables.</summary>
    public void Rebuild(Tables tables)
    {
        _holdings.Clear();
        _engine = new ExchangeEngine(0);
        foreach (var row in tables.Commands.Values)
            Apply(_engine, CommandCodec.Decode(row.Payload));
    }

    public static ExchangeEngine Replay(Tables tables)
    {
        var engine = new ExchangeEngine(0);
        var events = default(NoEvents);
        foreach (var row in tables.Commands.Values)
            engine.Apply(CommandCodec.Decode(row.Payload), ref events);
        return engine;
    }

    private void Apply(ExchangeEngine engine, in Command command)
    {
        _touched.Clear();
        var events = new Listener(_fills, _touched);
        engine.Apply(command, ref events);
        foreach (var touched in _touched)
        {
            var (account, market, outcome, purse) = touched;
            var (before, after) = (_holdings.GetValueOrDefault(touched), engine.Balance(account, market, outcome, purse));
            _holdings[touched] = after;
            CheckDecrease(command.Kind, purse, before, after);
        }
    }

    /// <summary>
    /// A withdrawal request takes money out of what is observed as owned, while trades and co-signatures from before it still hold that
    /// money: they draw on what is leaving (S3 and O8 of docs/firm-money.md). So an observation may leave less than is held, and the end of
    /// such a trade or co-signature then leaves a purse below zero until it is observed again (decision 0103), which comes before the next
    /// terms. Nothing else may: what can be traded with is never spent below zero, and no command of an account takes more than there is.
    /// </summary>
    private void CheckDecrease(CommandKind kind, Purse purse, Holding before, Holding after)
    {
        if (kind != CommandKind.ObserveBalance && after.Available < Math.Min(0, before.Available))
            throw world.Violated("only an observation leaves less than is held", $"{kind} makes {after} of {before}");
        var mayBeShort = purse == Purse.Vault && kind is (CommandKind.SettleTrade or CommandKind.PayWithdrawal);
        if (after.Owned < Math.Min(0, before.Owned) && !mayBeShort)
            throw world.Violated("no purse falls below zero but by what it held", $"{kind} makes {after} of {before}");
    }

    private readonly struct Listener(List<FillRow> fills, List<(AccountId, MarketId, byte, Purse)> touched) : IExchangeEvents
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

        public void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse) =>
            touched.Add((account, market, outcome, purse));
    }
}
