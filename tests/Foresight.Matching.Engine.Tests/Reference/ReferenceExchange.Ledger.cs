namespace Foresight.Matching.Engine.Tests.Reference;

public sealed partial class ReferenceExchange
{
    private RejectReason List(in Command command)
    {
        var id = command.Market.Value;
        if (id is < 1 or > ExchangeLimits.Markets || Markets.ContainsKey(id))
            return RejectReason.InvalidMarket;
        if (command.Outcomes is < 2 or > 8)
            return RejectReason.InvalidOutcome;
        if (command.TickSize is not (1 or 10 or 100))
            return RejectReason.InvalidTick;
        var market = new ReferenceMarket
        {
            Id = id,
            Outcomes = command.Outcomes,
            TickSize = command.TickSize,
            FirmOnly = command.FirmOnly,
        };
        Markets.Add(id, market);
        _tradable.Add(market);
        Events.Add(new MarketChanged(command.Market, MarketState.Open));
        return RejectReason.None;
    }

    private RejectReason SetState(in Command command)
    {
        if (!Markets.TryGetValue(command.Market.Value, out var market))
            return RejectReason.InvalidMarket;
        if (command.State == MarketState.Resolved && command.Outcome >= market.Outcomes)
            return RejectReason.InvalidOutcome;
        var isAllowed = market.State switch
        {
            MarketState.Open or MarketState.Paused => true,
            MarketState.Closed => command.State is MarketState.Closed or MarketState.Resolved,
            _ => false,
        };

        if (!isAllowed)
            return RejectReason.MarketClosed;
        market.State = command.State;
        if (command.State == MarketState.Resolved)
            market.Winner = command.Outcome;
        if (command.State is MarketState.Closed or MarketState.Resolved)
        {
            CancelAll(market, CancelReason.MarketClosed);
            _tradable.Remove(market);
        }

        Events.Add(new MarketChanged(command.Market, command.State));
        return RejectReason.None;
    }

    private RejectReason Observe(in Command command)
    {
        var isCollateral = command.Outcome == Command.CollateralOutcome;
        var market = isCollateral ? 0 : command.Market.Value;
        if (!isCollateral && !Markets.ContainsKey(market))
            return RejectReason.InvalidMarket;
        if (!isCollateral && command.Outcome >= Markets[market].Outcomes)
            return RejectReason.InvalidOutcome;
        var units = isCollateral ? command.Amount.Micros : command.Quantity.Lots;
        if (units is < 0 or > ExchangeLimits.OwnedUnits)
            return RejectReason.InvalidAmount;
        var purse = command.Purse == PurseChoice.Vault ? Purse.Vault : Purse.Wallet;
        if (command.Block < OwnedOf(command.Account.Value, market, command.Outcome, purse).Block)
            return RejectReason.StaleObservation;
        if (command.Account.Value is < 1 or > ExchangeLimits.Accounts)
            return RejectReason.InvalidAccount;

        _owned[(command.Account.Value, market, command.Outcome, purse)] = (units, command.Block);
        var account = command.Account.Value;
        var outcome = command.Outcome;
        var newestFirst = OpenOrders
            .Where(o =>
                o.Account == account
                && o.Purse == purse
                && (isCollateral ? o.Side == Side.Buy : o.Side == Side.Sell && o.Market == market && o.Outcome == outcome)
            )
            .OrderByDescending(o => o.Id)
            .ToList();
        foreach (var order in newestFirst)
        {
            if (Balance(account, market, outcome, purse).Available >= 0)
                break;
            Cancel(order, CancelReason.Unfunded);
        }

        return RejectReason.None;
    }

    private RejectReason Close(in Command command, bool isSettled)
    {
        var id = command.Trade;
        if (_trades.Values.FirstOrDefault(one => TradeIdOf(one.Id) == id) is not { } trade)
            return RejectReason.UnknownTrade;
        _trades.Remove(trade.Id);
        if (isSettled)
        {
            foreach (var leg in trade.Legs)
            {
                var isBuy = leg.Side == Side.Buy;
                Move(
                    leg.Account,
                    0,
                    Command.CollateralOutcome,
                    leg.Purse,
                    isBuy ? -leg.Debit(trade.Quantity) : leg.Credit(trade.Quantity),
                    command.Block
                );
                Move(
                    leg.Account,
                    trade.Market,
                    leg.Outcome,
                    leg.Purse,
                    isBuy ? leg.Credit(trade.Quantity) : -leg.Debit(trade.Quantity),
                    command.Block
                );
            }
        }

        Events.Add(new TradeClosed(id, isSettled));
        return RejectReason.None;
    }

    /// <summary>An observation at the trade's block or later already includes the trade.</summary>
    private void Move(int account, int market, byte outcome, Purse purse, long units, long block)
    {
        var (owned, observedAt) = OwnedOf(account, market, outcome, purse);
        if (block == 0 || observedAt < block)
            _owned[(account, market, outcome, purse)] = (owned + units, observedAt);
    }
}
