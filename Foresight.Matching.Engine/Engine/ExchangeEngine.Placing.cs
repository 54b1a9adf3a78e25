using System.Runtime.CompilerServices;
using Foresight.Matching.Engine.Markets;
using Foresight.Matching.Engine.Orders;

namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RejectReason Place<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        ref var market = ref _markets.At(command.Market.Value);
        var refused = CheckTerms(command, market);
        if (refused != RejectReason.None)
            return refused;

        var account = command.Account.Value;
        var side = command.Side;
        var quantity = command.Quantity.Lots;
        var rests = command.TimeInForce <= TimeInForce.GoodTilDate;
        // The limits are checked first: they are hardly ever reached, whereas every second order that trades at once would not rest.
        if (
            (market.OpenOrders >= _bounds.OpenOrdersPerMarket || _orders.RingOf(account).OpenOrders >= _bounds.OpenOrdersPerAccount)
            && rests
        )
            return RejectReason.TooManyOrders;

        var row = _holdings.Find(HoldingKey(account, command.Market.Value, command.Outcome, side, Purse.Wallet));
        // Cannot overflow: both factors were checked.
        var hold = unchecked(HoldPerLot(side, command.Price.Ticks) * quantity);
        // The vault is looked into only where an account has something in it.
        var firm = MayBeFirm(command, market) ? ChoosePurse(command, market, hold, _clockMicros, ref row) : RejectReason.None;
        var ladder = market.LadderOf(command.Outcome, side);
        var key = OwnKey(side, command.Price.Ticks);
        // Most orders only rest, so they are spared the stack frame that matching needs (docs/decisions/0104).
        if (_books.LadderAt(ladder ^ 1).BestKey <= unchecked(Price.TicksPerUnit - key) || market.Outcomes > 2 || !rests)
            return PlaceAndMatch(command, ref market, row, hold, firm, ref events);
        ref readonly var holding = ref _holdings.At(row);
        if (holding.Available < hold)
            return RejectReason.InsufficientBalance;
        if (firm != RejectReason.None)
            return firm;

        Accept(command, holding.Purse, ref events);
        Rest(ref market, ladder, key, quantity, row, hold, command);
        Touch(command, holding.Purse, ref events);
        return RejectReason.None;
    }

    /// <summary>
    /// Lets the sequencer refuse an order without a trace in the journal. Considers its terms, a limit and its account's funds, not the
    /// books; orders that are due to expire at the command's time still count.
    /// </summary>
    public RejectReason CheckPlace(in Command command)
    {
        ref readonly var market = ref _markets.At(command.Market.Value);
        var refused = CheckEachTerm(command, market);
        if (refused != RejectReason.None)
            return refused;
        // CheckEachTerm uses the clock of the last command, and this one is later.
        if (ExpiryQueue.IsPast(command.ExpiresAtSeconds, command.AcceptedAtMicros))
            return RejectReason.OrderExpired;
        var account = command.Account.Value;
        var isFull = market.OpenOrders >= _bounds.OpenOrdersPerMarket || _orders.RingOf(account).OpenOrders >= _bounds.OpenOrdersPerAccount;
        if (isFull && command.TimeInForce <= TimeInForce.GoodTilDate)
            return RejectReason.TooManyOrders;
        var hold = HoldPerLot(command.Side, command.Price.Ticks) * command.Quantity.Lots;
        var needed = command.Amount.Micros == 0 ? hold : Math.Min(hold, command.Amount.Micros);
        var row = _holdings.Find(HoldingKey(account, command.Market.Value, command.Outcome, command.Side, Purse.Wallet));
        var firm = ChoosePurse(command, market, hold, Math.Max(command.AcceptedAtMicros, _clockMicros), ref row);
        return _holdings.At(row).Available < needed ? RejectReason.InsufficientBalance : firm;
    }

    /// <summary>Expiring orders may free the funds or the place that an order lacks.</summary>
    public bool HasExpiriesDue(long acceptedAtMicros) => acceptedAtMicros > _expiry.NextMicros;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private RejectReason PlaceAndMatch<TEvents>(
        in Command command,
        ref MarketRow market,
        int row,
        long hold,
        RejectReason firm,
        ref TEvents events
    )
        where TEvents : struct, IExchangeEvents
    {
        var order = Incoming(command, market, row);
        if (_holdings.At(row).Available < Math.Min(hold, order.Budget))
            return RejectReason.InsufficientBalance;

        var crosses = Crosses(order);
        if (crosses || command.TimeInForce == TimeInForce.FillOrKill)
        {
            var refused = CheckMatch(order, command, command.Quantity.Lots, crosses);
            if (refused != RejectReason.None)
                return refused;
        }

        if (firm != RejectReason.None)
            return firm;
        Enter(command, ref market, ref order, crosses, ref events);
        return RejectReason.None;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Enter<TEvents>(in Command command, ref MarketRow market, ref IncomingOrder order, bool crosses, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        Accept(command, order.Purse, ref events);
        var left = crosses ? Match(ref order, command.Quantity.Lots, ref events) : command.Quantity.Lots;
        if (left > 0)
        {
            if (command.TimeInForce <= TimeInForce.GoodTilDate && order.Stopped == CancelReason.None)
            {
                var hold = HoldPerLot(order.Side, command.Price.Ticks) * left;
                Rest(ref market, order.Ladder, order.Key, left, order.HoldingRow, hold, command);
            }
            else
            {
                CancelRest(order, left, ref events);
            }
        }

        Touch(command, order.Purse, ref events);
    }

    /// <summary>Checks in the order of <see cref="RejectReason"/>, because the lowest applicable number is reported.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RejectReason CheckTerms(in Command command, in MarketRow market)
    {
        // Orders of the most frequent terms pass this one test, so that no reason is worked out for them; all others, valid or not, are
        // checked term by term.
        var price = command.Price.Ticks;
        var quantity = command.Quantity.Lots;
        if (
            command.Outcome >= market.Outcomes
            || command.Side > Side.Sell
            || market.TickSize != 1
            || market.State != MarketState.Open
            || price < Price.MinTicks
            || price > Price.MaxTicks
            || quantity < Quantity.MinLots
            || quantity > Quantity.MaxLots
            || (command.ExpiresAtSeconds | command.Amount.Micros) != 0
            || command.PostOnly
            || command.FirmOnly
            || command.Purse > PurseChoice.Vault
            || (command.TimeInForce & ~TimeInForce.ImmediateOrCancel) != TimeInForce.GoodTilCancelled
            || command.SelfTradePrevention > SelfTradePrevention.CancelBoth
        )
            return CheckEachTerm(command, market);
        return RejectReason.None;
    }

    private RejectReason CheckEachTerm(in Command command, in MarketRow market)
    {
        if (market.Outcomes == 0)
            return RejectReason.InvalidMarket;
        if (command.Outcome >= market.Outcomes || command.Side > Side.Sell)
            return RejectReason.InvalidOutcome;
        var price = command.Price.Ticks;
        if (price is < Price.MinTicks or > Price.MaxTicks)
            return RejectReason.InvalidPrice;
        if (price % market.TickSize != 0)
            return RejectReason.InvalidTick;
        if (command.Quantity.Lots is < Quantity.MinLots or > Quantity.MaxLots)
            return RejectReason.InvalidAmount;

        var isImmediate = command.TimeInForce is TimeInForce.ImmediateOrCancel or TimeInForce.FillOrKill;
        // A budget limits spending, so a sell has none; an order that rests is limited by its quantity instead.
        var budget = command.Amount.Micros;
        if (budget < 0 || budget > 0 && command.Side == Side.Sell)
            return RejectReason.InvalidAmount;
        if (
            command.TimeInForce > TimeInForce.FillOrKill
            || command.SelfTradePrevention > SelfTradePrevention.CancelBoth
            || isImmediate && command.PostOnly
            || budget > 0 && !isImmediate
            || command.Purse > PurseChoice.Vault
            || command.FirmOnly && (!isImmediate || command.Purse == PurseChoice.Wallet)
            || command.TimeInForce == TimeInForce.GoodTilDate && command.ExpiresAtSeconds <= 0
        )
            return RejectReason.InvalidTimeInForce;

        if (market.State != MarketState.Open)
            return market.State == MarketState.Paused ? RejectReason.MarketPaused : RejectReason.MarketClosed;
        return ExpiryQueue.IsPast(command.ExpiresAtSeconds, _clockMicros) ? RejectReason.OrderExpired : RejectReason.None;
    }

    /// <summary>Runs before anything changes, because a refusal must leave the state as it was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RejectReason CheckMatch(in IncomingOrder order, in Command command, long quantity, bool crosses)
    {
        if (crosses && command.PostOnly)
            return RejectReason.WouldCross;
        if (command.TimeInForce == TimeInForce.FillOrKill && !CanFill(order, quantity))
            return RejectReason.WouldNotFill;
        if (order.SelfTradePrevention == SelfTradePrevention.CancelNewest && MeetsItselfFirst(order))
            return RejectReason.SelfTrade;
        return _trades.Count >= _bounds.UnsettledTrades ? RejectReason.SettlementBacklog : RejectReason.None;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private IncomingOrder Incoming(in Command command, in MarketRow market, int row) =>
        new()
        {
            Number = command.Sequence,
            Account = command.Account.Value,
            Market = command.Market.Value,
            HoldingRow = row,
            Ladder = market.LadderOf(command.Outcome, command.Side),
            Key = OwnKey(command.Side, command.Price.Ticks),
            Outcome = command.Outcome,
            Side = command.Side,
            SelfTradePrevention = command.SelfTradePrevention,
            Purse = _holdings.At(row).Purse,
            FirmOnly = command.FirmOnly,
            SetOutcomes = market.Outcomes == 2 ? (byte)0 : (byte)market.Outcomes,
            TickSize = market.TickSize,
            Unfilled = command.Quantity.Lots,
            Budget = command.Amount.Micros == 0 ? long.MaxValue : command.Amount.Micros,
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Accept<TEvents>(in Command command, Purse purse, ref TEvents events)
        where TEvents : struct, IExchangeEvents => events.OnAccepted(OrderIdOf(command.Sequence), purse, command);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Touch<TEvents>(in Command order, Purse purse, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        // Branch-free, because sides alternate at random. A buy reserves collateral, which has market 0 and outcome 255.
        var isBuy = unchecked((int)order.Side - 1);
        events.OnBalanceTouched(order.Account, new MarketId(order.Market.Value & ~isBuy), unchecked((byte)(order.Outcome | isBuy)), purse);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Rest(ref MarketRow market, int ladder, int key, long quantity, int row, long hold, in Command command)
    {
        var account = command.Account.Value;
        var slot = _books.Rest(ladder, key, quantity, account);
        if (slot >= _orders.Capacity)
            _orders.Grow(_books.OrderCapacity);
        ref var record = ref _orders.Add(slot, command.Sequence, account);
        record.SaltTag = command.SaltTag;
        record.SetTerms(row, command.Outcome, command.Side);
        if (command.ExpiresAtSeconds != 0)
            _expiry.Add(slot, command.ExpiresAtSeconds);
        market.OpenOrders++;
        ref var holding = ref _holdings.At(row);
        holding.OrderHold += hold;
        if (holding.Purse == Purse.Vault)
            _books.Firm.Rest(ladder, key, slot, quantity);
    }

    private void CancelRest<TEvents>(in IncomingOrder order, long left, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var reason =
            order.Stopped != CancelReason.None ? order.Stopped
            : order.Budget == 0 ? CancelReason.BudgetSpent
            : CancelReason.ImmediateOrCancel;
        events.OnCancelled(
            new OrderCancelled(
                OrderIdOf(order.Number),
                new MarketId(order.Market),
                new AccountId(order.Account),
                new Quantity(left),
                reason
            )
        );
    }
}
