using Foresight.Matching.Engine.Books;
using Foresight.Matching.Engine.Trades;

namespace Foresight.Matching.Engine;

// A set of all 3 to 8 outcomes is worth one USDC, so an order may trade without a counterparty in its own book: buyers of every outcome
// mint a set, sellers of every outcome merge one. Each trade takes the better of the two offers for the incoming order
// (docs/decisions/0100).
public sealed partial class ExchangeEngine
{
    private int SetKey(in IncomingOrder order)
    {
        var sum = 0;
        for (var other = 0; other < order.SetOutcomes; other++)
        {
            if (other == order.Outcome)
                continue;
            var key = _books.LadderAt(order.LadderOfOutcome(other)).BestKey;
            if (key == Ladder.NoKey)
                return Ladder.NoKey;
            sum += PriceOf(order.Side, key);
        }

        return SetKeyOf(order, sum);
    }

    private static int SetKeyOf(in IncomingOrder order, int makerTicks) =>
        order.Side == Side.Buy ? SetPricing.MintTakerTicks(makerTicks, order.TickSize) : makerTicks;

    private int OwnLegOfSet(in IncomingOrder order)
    {
        for (var other = 0; other < order.SetOutcomes; other++)
        {
            if (other == order.Outcome)
                continue;
            var head = HeadOf(order.LadderOfOutcome(other));
            if (_books.NodeAt(head).Tag == order.Account)
                return head;
        }

        return 0;
    }

    private int HeadOf(int ladder) => _books.NodeAt(_books.LadderAt(ladder).BestLevel).Next;

    private long MatchWithSets<TEvents>(ref IncomingOrder order, long quantity, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        while (quantity > 0 && order.Stopped == CancelReason.None)
        {
            // At equal prices the direct book comes first: its trades settle with two legs instead of one per outcome.
            var setKey = SetKey(order);
            var directLimit = Math.Min(order.LimitKey, setKey);
            if (_books.LadderAt(order.Against).BestKey <= directLimit)
                quantity = MatchDirect(ref order, directLimit, quantity, ref events);
            else if (setKey <= order.LimitKey)
                quantity -= MatchSet(ref order, setKey, quantity, ref events);
            else
                break;
        }

        return quantity;
    }

    private long MatchSet<TEvents>(ref IncomingOrder order, int setKey, long quantity, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        if (order.IsSpent(setKey))
        {
            order.Stopped = CancelReason.BudgetSpent;
            return 0;
        }

        var own = OwnLegOfSet(order);
        if (own != 0)
        {
            if (order.SelfTradePrevention != SelfTradePrevention.CancelNewest)
                Cancel(own, CancelReason.SelfTrade, ref events);
            if (order.SelfTradePrevention != SelfTradePrevention.CancelOldest)
                order.Stopped = CancelReason.SelfTrade;
            return 0;
        }

        Span<int> makers = stackalloc int[ExchangeLimits.MaxOutcomes - 1];
        Span<int> prices = stackalloc int[ExchangeLimits.MaxOutcomes - 1];
        makers = makers[..(order.SetOutcomes - 1)];
        prices = prices[..makers.Length];
        for (var leg = 0; leg < makers.Length; leg++)
        {
            var ladder = order.LadderOfOutcome(leg < order.Outcome ? leg : leg + 1);
            makers[leg] = HeadOf(ladder);
            prices[leg] = PriceOf(order.Side, _books.LadderAt(ladder).BestKey);
            quantity = Math.Min(quantity, _books.NodeAt(makers[leg]).Quantity);
        }

        if (order.Purse == Purse.Vault && IsOneTooMany(makers))
        {
            order.Stopped = CancelReason.FirmUnavailable;
            return 0;
        }

        if (order.Budget != long.MaxValue)
            quantity = WithinBudget(ref order, setKey, quantity);
        TradeSet(ref order, setKey, makers, prices, quantity, ref events);
        return quantity;
    }

    /// <param name="prices">Limits of the makers; those that pay less are lowered here.</param>
    private void TradeSet<TEvents>(
        ref IncomingOrder order,
        int setKey,
        ReadOnlySpan<int> makers,
        Span<int> prices,
        long quantity,
        ref TEvents events
    )
        where TEvents : struct, IExchangeEvents
    {
        var takerTicks = order.PriceAt(setKey);
        var sum = takerTicks;
        foreach (var price in prices)
            sum += price;
        if (sum > Price.TicksPerUnit)
            SetPricing.LowerTo(prices, Price.TicksPerUnit - takerTicks, order.TickSize);

        var takerHold = HoldPerLot(order.Side, takerTicks) * quantity;
        _holdings.At(order.HoldingRow).TradeHold += takerHold;
        if (order.Budget != long.MaxValue)
            order.Budget -= takerHold;
        order.Unfilled -= quantity;

        var kind = order.Side == Side.Buy ? TradeKind.Mint : TradeKind.Merge;
        var number = ++_lastTrade;
        ref var record = ref _trades.Add(number, order.Market, kind, quantity, makers.Length + 1, out var trade);
        record.Inline[0] = new TradeLeg
        {
            Order = order.Number,
            Account = order.Account,
            PriceTicks = (ushort)takerTicks,
            Outcome = order.Outcome,
            Terms = TradeLeg.TermsOf(order.Side, order.Purse),
        };
        _trades.Extend(trade);
        var id = TradeIdOf(number);
        events.OnTrade(new TradeExecuted(id, new MarketId(order.Market), kind, new Quantity(quantity), (byte)(makers.Length + 1)));
        events.OnFilled(
            new OrderFilled(
                id,
                0,
                OrderIdOf(order.Number),
                new AccountId(order.Account),
                order.Outcome,
                order.Side,
                new Price(takerTicks),
                new Quantity(quantity),
                new Quantity(order.Unfilled),
                IsTaker: true,
                order.Purse
            )
        );
        for (var leg = 0; leg < makers.Length; leg++)
            FillSetMaker(order, trade, leg + 1, makers[leg], prices[leg], quantity, ref events);
        _firmTrades += IsFirm(trade) ? 1 : 0;
    }

    private void FillSetMaker<TEvents>(in IncomingOrder order, int trade, int leg, int slot, int ticks, long quantity, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        ref readonly var node = ref _books.NodeAt(slot);
        ref var maker = ref _orders.At(slot);
        var account = node.Tag;
        var left = node.Quantity - quantity;
        var limit = PriceOf(maker.Side, _books.NodeAt(node.Level).Tag);
        ref var holding = ref _holdings.At(maker.HoldingRow);
        // Two prices, because in a mint a maker may pay less than its limit; the difference becomes free again.
        holding.OrderHold -= HoldPerLot(maker.Side, limit) * quantity;
        holding.TradeHold += HoldPerLot(maker.Side, ticks) * quantity;
        if (holding.Purse == Purse.Vault)
            ShrinkFirmDepth(slot, quantity, isGone: left == 0);
        _trades.LegAt(trade, leg) = new TradeLeg
        {
            Order = maker.Number,
            Account = account,
            PriceTicks = (ushort)ticks,
            Outcome = maker.Outcome,
            Terms = TradeLeg.TermsOf(maker.Side, holding.Purse),
        };

        events.OnFilled(
            new OrderFilled(
                TradeIdOf(_trades.At(trade).Number),
                (byte)leg,
                OrderIdOf(maker.Number),
                new AccountId(account),
                maker.Outcome,
                maker.Side,
                new Price(ticks),
                new Quantity(quantity),
                new Quantity(left),
                IsTaker: false,
                holding.Purse
            )
        );
        events.OnBalanceTouched(new AccountId(account), new MarketId(holding.Market), holding.Outcome, holding.Purse);
        if (left > 0)
        {
            _books.Shrink(slot, quantity);
            return;
        }

        _books.Remove(slot);
        Forget(ref maker, slot, account, order.Market);
    }
}
