using Foresight.Matching.Engine.Holdings;
using Foresight.Matching.Engine.Trades;

namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    private RejectReason CheckAsset(in Command command)
    {
        if (command.IsOfCollateral)
            return RejectReason.None;
        ref readonly var market = ref _markets.At(command.Market.Value);
        if (market.Outcomes == 0)
            return RejectReason.InvalidMarket;
        return command.Outcome >= market.Outcomes ? RejectReason.InvalidOutcome : RejectReason.None;
    }

    private RejectReason ObserveBalance<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var account = command.Account.Value;
        if (CheckAsset(command) is var unknown && unknown != RejectReason.None)
            return unknown;
        var units = command.Units;
        if (units is < 0 or > ExchangeLimits.OwnedUnits)
            return RejectReason.InvalidAmount;
        var marketOfAsset = command.IsOfCollateral ? 0 : command.Market.Value;
        var purse = command.Purse == PurseChoice.Vault ? Purse.Vault : Purse.Wallet;
        var row = _holdings.Find(HoldingRow.KeyOf(account, marketOfAsset, command.Outcome, purse));
        if (command.Block < _holdings.At(row).Block)
            return RejectReason.StaleObservation;
        if (account is < 1 or > ExchangeLimits.Accounts)
            return RejectReason.InvalidAccount;
        if (row == 0 && _holdings.Count >= _bounds.Holdings)
            return RejectReason.NoRoom;

        row = AddHolding(account, marketOfAsset, command.Outcome, purse);
        ref var holding = ref _holdings.At(row);
        holding.Owned = units;
        holding.Block = command.Block;
        events.OnBalanceTouched(command.Account, new MarketId(holding.Market), command.Outcome, purse);
        if (holding.Available < 0)
            CancelUnfunded(account, row, ref events);
        return RejectReason.None;
    }

    private RejectReason SettleTrade<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var slot = FindTrade(command.Trade);
        if (slot == 0)
            return RejectReason.UnknownTrade;
        if (!CanSettle(slot, command.Block))
            return RejectReason.InvalidAmount;
        if (_holdings.Count > _bounds.Holdings - ExchangeLimits.MaxOutcomes && NewHoldings(slot) > _bounds.Holdings - _holdings.Count)
            return RejectReason.NoRoom;

        var trade = _trades.At(slot);
        for (var leg = 0; leg < trade.Legs; leg++)
            SettleLeg(_trades.LegAt(slot, leg), trade.Market, trade.Quantity, command, ref events);
        _firmTrades -= IsFirm(slot) ? 1 : 0;
        _trades.Remove(slot);
        events.OnTradeClosed(new TradeClosed(command.Trade, Settled: true));
        return RejectReason.None;
    }

    /// <summary>
    /// The payment and its hold leave together, so what the account can spend changes by the proceeds alone. A holding that already
    /// includes the trade only loses the hold.
    /// </summary>
    private void SettleLeg<TEvents>(in TradeLeg leg, int market, long quantity, in Command settle, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var account = new AccountId(leg.Account);
        var purse = leg.Purse;
        var sharesRow = AddHolding(leg.Account, market, leg.Outcome, purse);
        var collateralRow = AddHolding(leg.Account, 0, Command.CollateralOutcome, purse);
        ref var shares = ref _holdings.At(sharesRow);
        ref var collateral = ref _holdings.At(collateralRow);
        var cost = leg.PriceTicks * quantity;
        ref var paid = ref leg.Side == Side.Buy ? ref collateral : ref shares;
        ref var received = ref leg.Side == Side.Buy ? ref shares : ref collateral;
        var (debit, credit) = leg.Side == Side.Buy ? (cost, quantity) : (quantity, cost);

        paid.TradeHold -= debit;
        if (!IsObservedAt(paid, settle.Block))
            paid.Owned -= debit;
        if (!IsObservedAt(received, settle.Block) && !(settle.ProceedsWait && purse == Purse.Vault))
            received.Owned += credit;
        events.OnBalanceTouched(account, default, Command.CollateralOutcome, purse);
        events.OnBalanceTouched(account, new MarketId(market), leg.Outcome, purse);
    }

    /// <summary>
    /// A holding observed at or after the block in which the trade became final already includes the trade, so only the hold is released
    /// (docs/decisions/0103). Block 0 in the command means that the block is unknown.
    /// </summary>
    private static bool IsObservedAt(in HoldingRow holding, long block) => block != 0 && holding.Block >= block;

    /// <summary>
    /// Checked before the first leg is settled, because a refusal must leave the state as it was. A sum beyond 64 bits is refused.
    /// </summary>
    private bool CanSettle(int slot, long block)
    {
        ref readonly var trade = ref _trades.At(slot);
        long credits = 0;
        for (var leg = 0; leg < trade.Legs; leg++)
            credits += Math.Max(_trades.LegAt(slot, leg).PriceTicks * trade.Quantity, trade.Quantity);
        for (var leg = 0; leg < trade.Legs; leg++)
        {
            ref readonly var holding = ref _holdings.At(FindReceived(_trades.LegAt(slot, leg), trade.Market));
            if (!IsObservedAt(holding, block) && holding.Owned > long.MaxValue - credits)
                return false;
        }

        return true;
    }

    /// <summary>
    /// Counts the legs that receive an asset their account never had, because each needs a new row. The asset that they pay has one.
    /// </summary>
    private int NewHoldings(int slot)
    {
        ref readonly var trade = ref _trades.At(slot);
        var count = 0;
        for (var leg = 0; leg < trade.Legs; leg++)
            count += FindReceived(_trades.LegAt(slot, leg), trade.Market) == 0 ? 1 : 0;
        return count;
    }

    private int FindReceived(in TradeLeg leg, int market) =>
        _holdings.Find(HoldingKey(leg.Account, market, leg.Outcome, leg.Side == Side.Buy ? Side.Sell : Side.Buy, leg.Purse));

    private RejectReason BustTrade<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var slot = FindTrade(command.Trade);
        if (slot == 0)
            return RejectReason.UnknownTrade;

        var trade = _trades.At(slot);
        for (var leg = 0; leg < trade.Legs; leg++)
        {
            ref readonly var side = ref _trades.LegAt(slot, leg);
            ref var holding = ref _holdings.At(_holdings.Find(HoldingKey(side.Account, trade.Market, side.Outcome, side.Side, side.Purse)));
            holding.TradeHold -= HoldPerLot(side.Side, side.PriceTicks) * trade.Quantity;
            events.OnBalanceTouched(new AccountId(side.Account), new MarketId(holding.Market), holding.Outcome, holding.Purse);
        }

        _firmTrades -= IsFirm(slot) ? 1 : 0;
        _trades.Remove(slot);
        events.OnTradeClosed(new TradeClosed(command.Trade, Settled: false));
        return RejectReason.None;
    }

    private int FindTrade(TradeId trade) => _trades.Find(NumberOf(trade.Value));

    private int AddHolding(int account, int market, int outcome, Purse purse)
    {
        _orders.EnsureAccount(account);
        _hasVault |= purse == Purse.Vault;
        return _holdings.FindOrAdd(HoldingRow.KeyOf(account, market, outcome, purse));
    }
}
