using System.Runtime.InteropServices;
using Foresight.Matching.Engine.Holdings;

namespace Foresight.Matching.Engine;

// A co-signature lets the vault pay at once. What it is for leaves the free money when it is journaled, before it is given, and comes back
// only when the chain can no longer pay it.
public sealed partial class ExchangeEngine
{
    private readonly Dictionary<WithdrawalKey, Withdrawal> _withdrawals = [];
    private readonly Dictionary<int, int> _withdrawalsOf = [];

    /// <summary>Co-signed, and neither paid nor lapsed.</summary>
    public int OpenWithdrawals => _withdrawals.Count;

    /// <summary>Lets the sequencer refuse a withdrawal without a trace in the journal.</summary>
    public RejectReason CheckWithdrawal(in Command command)
    {
        if (CheckAsset(command) is var unknown && unknown != RejectReason.None)
            return unknown;
        var units = command.Units;
        if (units is < 1 or > ExchangeLimits.OwnedUnits)
            return RejectReason.InvalidAmount;
        if (command.ExpiresAtSeconds is < 1 or > long.MaxValue / MicrosPerSecond || !IsBefore(command.ExpiresAtSeconds))
            return RejectReason.OrderExpired;
        if (_withdrawals.ContainsKey(new WithdrawalKey(command.Account.Value, command.SaltTag)))
            return RejectReason.DuplicateOrder;
        if (_holdings.At(RowOf(command)).Available < units)
            return RejectReason.InsufficientBalance;
        return
            _withdrawals.Count >= _bounds.Withdrawals
            || _withdrawalsOf.GetValueOrDefault(command.Account.Value) >= _bounds.WithdrawalsOfAccount
            ? RejectReason.NoRoom
            : RejectReason.None;
    }

    private RejectReason GrantWithdrawal<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var refused = CheckWithdrawal(command);
        if (refused != RejectReason.None)
            return refused;
        var row = RowOf(command);
        ref var holding = ref _holdings.At(row);
        holding.TradeHold += command.Units;
        TryOpen(new WithdrawalKey(command.Account.Value, command.SaltTag), new Withdrawal(row, command.Units, command.ExpiresAtSeconds));
        events.OnBalanceTouched(command.Account, new MarketId(holding.Market), holding.Outcome, Purse.Vault);
        return RejectReason.None;
    }

    /// <summary>Observations before its block include what was paid; 0: all of them.</summary>
    private RejectReason PayWithdrawal<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var key = new WithdrawalKey(command.Account.Value, command.SaltTag);
        if (!_withdrawals.TryGetValue(key, out var paid))
            return RejectReason.UnknownTrade;
        Close(key);
        ref var holding = ref _holdings.At(paid.Row);
        holding.TradeHold -= paid.Units;
        if (!IsObservedAt(holding, command.Block))
            holding.Owned -= paid.Units;
        events.OnBalanceTouched(command.Account, new MarketId(holding.Market), holding.Outcome, Purse.Vault);
        return RejectReason.None;
    }

    /// <summary>Its nonce is unused at final depth. Before its deadline it could still be paid.</summary>
    private RejectReason LapseWithdrawal<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var key = new WithdrawalKey(command.Account.Value, command.SaltTag);
        if (!_withdrawals.TryGetValue(key, out var lapsed))
            return RejectReason.UnknownTrade;
        if (IsBefore(lapsed.DeadlineSeconds))
            return RejectReason.StaleObservation;
        Close(key);
        ref var holding = ref _holdings.At(lapsed.Row);
        holding.TradeHold -= lapsed.Units;
        events.OnBalanceTouched(command.Account, new MarketId(holding.Market), holding.Outcome, Purse.Vault);
        return RejectReason.None;
    }

    private bool TryOpen(WithdrawalKey key, Withdrawal withdrawal)
    {
        if (!_withdrawals.TryAdd(key, withdrawal))
            return false;
        _withdrawalsOf[key.Account] = _withdrawalsOf.GetValueOrDefault(key.Account) + 1;
        return true;
    }

    private void Close(WithdrawalKey key)
    {
        _withdrawals.Remove(key);
        if (--CollectionsMarshal.GetValueRefOrNullRef(_withdrawalsOf, key.Account) == 0)
            _withdrawalsOf.Remove(key.Account);
    }

    private int RowOf(in Command withdrawal)
    {
        var market = withdrawal.IsOfCollateral ? 0 : withdrawal.Market.Value;
        return _holdings.Find(HoldingRow.KeyOf(withdrawal.Account.Value, market, withdrawal.Outcome, Purse.Vault));
    }

    private bool IsBefore(long seconds) => _clockMicros <= seconds * MicrosPerSecond;

    /// <param name="Nonce">Of the vault, where each is used once.</param>
    private readonly record struct WithdrawalKey(int Account, ulong Nonce);

    private readonly record struct Withdrawal(int Row, long Units, long DeadlineSeconds);
}
