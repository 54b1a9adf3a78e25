using Foresight.Matching.Engine.Tests.Support;

namespace Foresight.Matching.Engine.Tests.Reference;

public sealed partial class ReferenceExchange
{
    private RejectReason Place(in Command command)
    {
        if (!Markets.TryGetValue(command.Market.Value, out var market))
            return RejectReason.InvalidMarket;
        var isImmediate = command.TimeInForce is TimeInForce.ImmediateOrCancel or TimeInForce.FillOrKill;
        var price = command.Price.Ticks;
        var quantity = command.Quantity.Lots;
        var budget = command.Amount.Micros;
        if (command.Outcome >= market.Outcomes)
            return RejectReason.InvalidOutcome;
        if (price is < 1 or > 9999)
            return RejectReason.InvalidPrice;
        if (price % market.TickSize != 0)
            return RejectReason.InvalidTick;
        if (quantity is < 1 or > 1_000_000_000_000 || budget < 0 || (budget > 0 && command.Side == Side.Sell))
            return RejectReason.InvalidAmount;
        if (
            (command.PostOnly && isImmediate)
            || (budget > 0 && !isImmediate)
            || (command.TimeInForce == TimeInForce.GoodTilDate && command.ExpiresAtSeconds <= 0)
            || (command.FirmOnly && (!isImmediate || command.Purse == PurseChoice.Wallet))
        )
            return RejectReason.InvalidTimeInForce;
        if (market.State is MarketState.Closed or MarketState.Resolved)
            return RejectReason.MarketClosed;
        if (market.State == MarketState.Paused)
            return RejectReason.MarketPaused;
        if (IsPast(command.ExpiresAtSeconds))
            return RejectReason.OrderExpired;

        var cost = command.Side == Side.Buy ? price * quantity : quantity;
        var (purse, unavailable) = PurseOf(command, market, budget > 0 ? Math.Min(cost, budget) : cost);
        var taker = new ReferenceOrder
        {
            Purse = purse,
            Id = command.Sequence,
            Account = command.Account.Value,
            Market = market.Id,
            Outcome = command.Outcome,
            Side = command.Side,
            Price = price,
            Left = quantity,
            SaltTag = command.SaltTag,
            ExpiresAtSeconds = command.ExpiresAtSeconds,
        };

        var need = budget > 0 ? Math.Min(taker.Hold, budget) : taker.Hold;
        if (FundsOf(taker).Available < need)
            return RejectReason.InsufficientBalance;
        if (Refusal(taker, market, command) is var refusal && refusal != RejectReason.None)
            return refusal;
        if (unavailable != RejectReason.None)
            return unavailable;

        Events.Add(
            new OrderAccepted(
                OrderIdOf(taker.Id),
                command.Market,
                command.Account,
                command.Outcome,
                command.Side,
                command.Price,
                command.Quantity,
                purse
            )
        );
        Enter(taker, market, command, budget, rests: !isImmediate);
        return RejectReason.None;
    }

    private Holding FundsOf(ReferenceOrder order) =>
        order.Side == Side.Buy
            ? Balance(order.Account, 0, Command.CollateralOutcome, order.Purse)
            : Balance(order.Account, order.Market, order.Outcome, order.Purse);

    private ReferenceMatcher MatcherOf(
        ReferenceOrder taker,
        List<ReferenceOrder> orders,
        ReferenceMarket market,
        in Command command,
        long budget
    ) =>
        new(
            taker,
            orders,
            market.Outcomes,
            market.TickSize,
            command.SelfTradePrevention,
            budget,
            command.FirmOnly,
            _firmAllotment - FirmTrades
        );

    private RejectReason Refusal(ReferenceOrder taker, ReferenceMarket market, in Command command)
    {
        var copies = market.Orders.Select(order => order.Copy()).ToList();
        var trial = MatcherOf(taker, copies, market, command, command.Amount.Micros);
        var meetsItself = trial.MeetsItselfFirst;
        if (meetsItself is not null && command.PostOnly)
            return RejectReason.WouldCross;
        if (command.TimeInForce == TimeInForce.FillOrKill)
        {
            trial.Run();
            var spent = trial.Budget == 0 || (trial.Stopped == CancelReason.BudgetSpent && trial.Left < taker.Left);
            if (trial.Left > 0 && !spent)
                return RejectReason.WouldNotFill;
        }

        return meetsItself == true && command.SelfTradePrevention == SelfTradePrevention.CancelNewest
            ? RejectReason.SelfTrade
            : RejectReason.None;
    }

    private void Enter(ReferenceOrder taker, ReferenceMarket market, in Command command, long budget, bool rests)
    {
        var matcher = MatcherOf(taker, market.Orders, market, command, budget);
        matcher.Run();
        foreach (var step in matcher.Steps)
        {
            if (step is MatchStep.OwnOrderCancelled { Order: var own })
            {
                Events.Add(
                    new OrderCancelled(
                        OrderIdOf(own.Id),
                        new MarketId(own.Market),
                        new AccountId(own.Account),
                        new Quantity(own.Left),
                        CancelReason.SelfTrade
                    )
                );
            }
            else if (step is MatchStep.Traded traded)
            {
                Record(market, traded);
            }
        }

        taker.Left = matcher.Left;
        if (taker.Left == 0)
            return;
        if (rests && matcher.Stopped == CancelReason.None)
        {
            taker.Arrival = ++_lastArrival;
            market.Orders.Add(taker);
            return;
        }

        var reason =
            matcher.Stopped != CancelReason.None ? matcher.Stopped
            : matcher.Budget == 0 ? CancelReason.BudgetSpent
            : CancelReason.ImmediateOrCancel;
        Events.Add(
            new OrderCancelled(OrderIdOf(taker.Id), new MarketId(market.Id), new AccountId(taker.Account), new Quantity(taker.Left), reason)
        );
    }

    private void Record(ReferenceMarket market, MatchStep.Traded traded)
    {
        var trade = new ReferenceTrade(++_lastTrade, market.Id, traded.Kind, traded.Quantity, traded.Legs);
        _trades.Add(trade.Id, trade);
        var id = TradeIdOf(trade.Id);
        Events.Add(new TradeExecuted(id, new MarketId(market.Id), trade.Kind, new Quantity(trade.Quantity), (byte)trade.Legs.Count));
        for (var i = 0; i < trade.Legs.Count; i++)
        {
            var leg = trade.Legs[i];
            Events.Add(
                new OrderFilled(
                    id,
                    (byte)i,
                    OrderIdOf(leg.Order),
                    new AccountId(leg.Account),
                    leg.Outcome,
                    leg.Side,
                    new Price(leg.Price),
                    new Quantity(trade.Quantity),
                    new Quantity(leg.Left),
                    IsTaker: i == 0,
                    leg.Purse
                )
            );
        }
    }

    private RejectReason Replace(in Command command)
    {
        var price = command.Price.Ticks;
        var quantity = command.Quantity.Lots;
        var order = Find(command.Order);
        var market = order is null ? null : Markets[order.Market];
        if (price is < 1 or > 9999)
            return RejectReason.InvalidPrice;
        if (market is not null && price % market.TickSize != 0)
            return RejectReason.InvalidTick;
        if (quantity is < 1 or > 1_000_000_000_000 || command.Amount.Micros != 0)
            return RejectReason.InvalidAmount;
        if (
            command.TimeInForce is TimeInForce.ImmediateOrCancel or TimeInForce.FillOrKill
            || (command.TimeInForce == TimeInForce.GoodTilDate && command.ExpiresAtSeconds <= 0)
            || command.FirmOnly
            || command.Purse != PurseChoice.Either
        )
            return RejectReason.InvalidTimeInForce;
        if (market is { State: MarketState.Paused })
            return RejectReason.MarketPaused;
        if (IsPast(command.ExpiresAtSeconds))
            return RejectReason.OrderExpired;
        if (order is null || market is null)
            return RejectReason.UnknownOrder;
        if (order.Account != command.Account.Value)
            return RejectReason.NotOwner;

        if (price == order.Price && quantity <= order.Left)
        {
            order.Left = quantity;
            Events.Add(new OrderReplaced(command.Order, new MarketId(market.Id), command.Quantity, command.Price));
            return RejectReason.None;
        }

        // Only the same price with no larger quantity is the same order, because the signature covers no other.
        var successor = new ReferenceOrder
        {
            Purse = order.Purse,
            Id = command.Sequence,
            Account = order.Account,
            Market = order.Market,
            Outcome = order.Outcome,
            Side = order.Side,
            Price = price,
            Left = quantity,
            SaltTag = command.SaltTag,
            ExpiresAtSeconds = command.ExpiresAtSeconds,
        };

        if (FundsOf(order).Available + order.Hold < successor.Hold)
            return RejectReason.InsufficientBalance;
        if (Refusal(successor, market, command) is var refusal && refusal != RejectReason.None)
            return refusal;
        if (order.Purse == Purse.Vault && !IsFirmOpen)
            return RejectReason.FirmUnavailable;
        Cancel(order, CancelReason.Replaced);
        Events.Add(
            new OrderAccepted(
                OrderIdOf(successor.Id),
                new MarketId(market.Id),
                command.Account,
                successor.Outcome,
                successor.Side,
                command.Price,
                command.Quantity,
                successor.Purse
            )
        );
        Enter(successor, market, command, budget: 0, rests: true);
        return RejectReason.None;
    }
}
