using System.Runtime.CompilerServices;
using Foresight.Matching.Engine.Books;
using Foresight.Matching.Engine.Trades;

namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Crosses(in IncomingOrder order) =>
        _books.LadderAt(order.Against).BestKey <= order.LimitKey || order.SetOutcomes != 0 && SetKey(order) <= order.LimitKey;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long Match<TEvents>(ref IncomingOrder order, long quantity, ref TEvents events)
        where TEvents : struct, IExchangeEvents =>
        order.FirmOnly ? MatchFirmOnly(ref order, quantity, ref events)
        : order.SetOutcomes == 0 ? MatchDirect(ref order, order.LimitKey, quantity, ref events)
        : MatchWithSets(ref order, quantity, ref events);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long MatchDirect<TEvents>(ref IncomingOrder order, int limitKey, long quantity, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var matcher = new DirectMatcher<TEvents>(this, ref order, ref events);
        return _books.Match(order.Against, limitKey, quantity, ref matcher);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MeetsItselfFirst(in IncomingOrder order) =>
        order.FirmOnly ? MeetsItselfFirstAmongFirm(order)
        : order.SetOutcomes == 0 ? MeetsItselfFirstDirectly(order)
        : MeetsItselfFirstWithSets(order);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MeetsItselfFirstDirectly(in IncomingOrder order)
    {
        ref readonly var side = ref _books.LadderAt(order.Against);
        return side.BestKey <= order.LimitKey
            && _books.NodeAt(_books.NodeAt(side.BestLevel).Next).Tag == order.Account
            && !order.IsSpent(side.BestKey);
    }

    private bool MeetsItselfFirstWithSets(in IncomingOrder order)
    {
        ref readonly var direct = ref _books.LadderAt(order.Against);
        var setKey = SetKey(order);
        if (direct.BestKey <= order.LimitKey && direct.BestKey <= setKey)
            return MeetsItselfFirstDirectly(order);
        return setKey <= order.LimitKey && OwnLegOfSet(order) != 0 && !order.IsSpent(setKey);
    }

    private readonly ref struct DirectMatcher<TEvents>(ExchangeEngine engine, ref IncomingOrder order, ref TEvents events) : IMatcher
        where TEvents : struct, IExchangeEvents
    {
        private readonly ref IncomingOrder _order = ref order;
        private readonly ref TEvents _events = ref events;

        public long Admit(int slot, ref Node maker, int key, long quantity)
        {
            if (maker.Tag == _order.Account)
                return PreventSelfTrade(ref _order, key);
            if (_order.Purse == Purse.Vault && !_order.IsSpent(key) && engine.IsOneTooMany(slot))
            {
                _order.Stopped = CancelReason.FirmUnavailable;
                return 0;
            }

            var fill = Math.Min(maker.Quantity, quantity);
            return _order.Budget == long.MaxValue ? fill : WithinBudget(ref _order, key, fill);
        }

        public void OnFill(int slot, int tag, int key, long quantity, long makerLeft) =>
            engine.Trade(ref _order, slot, tag, key, quantity, makerLeft, ref _events);

        public bool OnRemoved(int slot, int tag, int key, long quantity)
        {
            engine.Drop(slot, tag, _order.Market, key, quantity, CancelReason.SelfTrade, ref _events);
            if (_order.SelfTradePrevention == SelfTradePrevention.CancelOldest)
                return true;
            _order.Stopped = CancelReason.SelfTrade;
            return false;
        }
    }

    /// <summary>
    /// An own order that the incoming one could not pay for is neither cancelled nor a reason to refuse: the budget is spent, so matching
    /// ends anyway (docs/decisions/0102).
    /// </summary>
    private static long PreventSelfTrade(ref IncomingOrder order, int key)
    {
        if (order.IsSpent(key))
        {
            order.Stopped = CancelReason.BudgetSpent;
            return 0;
        }

        if (order.SelfTradePrevention != SelfTradePrevention.CancelNewest)
            return IMatcher.Remove;
        order.Stopped = CancelReason.SelfTrade;
        return 0;
    }

    private static long WithinBudget(ref IncomingOrder order, int ticks, long fill)
    {
        var affordable = order.Budget / ticks;
        if (affordable >= fill)
            return fill;
        order.Stopped = CancelReason.BudgetSpent;
        return affordable;
    }

    /// <summary>
    /// Direct between a buyer and a seller, a mint between two buyers, a merge between two sellers. Branch-free, because sides alternate at
    /// random and the predictor would fail half of the time.
    /// </summary>
    private static TradeKind KindOf(Side taker, Side maker) => unchecked((TradeKind)(((int)taker ^ (int)maker ^ 1) << (int)taker));

    /// <summary>
    /// The book has already removed or reduced the resting order, so only holds, the trade and the events remain to be written.
    /// </summary>
    private void Trade<TEvents>(
        ref IncomingOrder order,
        int makerSlot,
        int makerAccount,
        int key,
        long quantity,
        long makerLeft,
        ref TEvents events
    )
        where TEvents : struct, IExchangeEvents
    {
        ref var maker = ref _orders.At(makerSlot);
        var makerSide = maker.Side;
        var makerOutcome = maker.Outcome;
        var makerNumber = maker.Number;
        var makerPrice = PriceOf(makerSide, key);
        var takerPrice = order.PriceAt(key);
        var kind = KindOf(order.Side, makerSide);

        ref var makerHolding = ref _holdings.At(maker.HoldingRow);
        // Cannot overflow: prices and quantities were checked when the orders were placed.
        var makerHold = unchecked(HoldPerLot(makerSide, makerPrice) * quantity);
        makerHolding.OrderHold -= makerHold;
        makerHolding.TradeHold += makerHold;
        var makerPurse = makerHolding.Purse;
        if (makerPurse == Purse.Vault)
        {
            _books.Firm.Take(order.Against, key, makerSlot, quantity, isGone: makerLeft == 0);
            _firmTrades += (int)order.Purse;
        }

        var takerHold = unchecked(HoldPerLot(order.Side, takerPrice) * quantity);
        _holdings.At(order.HoldingRow).TradeHold += takerHold;
        if (order.Budget != long.MaxValue)
            order.Budget -= takerHold;

        var number = ++_lastTrade;
        ref var record = ref _trades.Add(number, order.Market, kind, quantity, 2, out _);
        record.Inline[0] = new TradeLeg
        {
            Order = order.Number,
            Account = order.Account,
            PriceTicks = unchecked((ushort)takerPrice),
            Outcome = order.Outcome,
            Terms = TradeLeg.TermsOf(order.Side, order.Purse),
        };
        record.Inline[1] = new TradeLeg
        {
            Order = makerNumber,
            Account = makerAccount,
            PriceTicks = unchecked((ushort)makerPrice),
            Outcome = makerOutcome,
            Terms = TradeLeg.TermsOf(makerSide, makerPurse),
        };

        order.Unfilled -= quantity;
        var trade = TradeIdOf(number);
        events.OnTrade(new TradeExecuted(trade, new MarketId(order.Market), kind, new Quantity(quantity), 2));
        events.OnFilled(
            new OrderFilled(
                trade,
                0,
                OrderIdOf(order.Number),
                new AccountId(order.Account),
                order.Outcome,
                order.Side,
                new Price(takerPrice),
                new Quantity(quantity),
                new Quantity(order.Unfilled),
                IsTaker: true,
                order.Purse
            )
        );
        events.OnFilled(
            new OrderFilled(
                trade,
                1,
                OrderIdOf(makerNumber),
                new AccountId(makerAccount),
                makerOutcome,
                makerSide,
                new Price(makerPrice),
                new Quantity(quantity),
                new Quantity(makerLeft),
                IsTaker: false,
                makerPurse
            )
        );
        events.OnBalanceTouched(new AccountId(makerAccount), new MarketId(makerHolding.Market), makerHolding.Outcome, makerPurse);
        if (makerLeft == 0)
            Forget(ref maker, makerSlot, makerAccount, order.Market);
    }
}
