namespace Foresight.Matching.Engine.Tests.Reference;

public sealed partial class ReferenceExchange
{
    private bool IsFirmOpen => !IsLater(_firmUntilSeconds) && FirmTrades < _firmAllotment;

    private bool IsLater(long seconds) => _clockMicros > (Int128)seconds * 1_000_000;

    private RejectReason SetFirmTerms(in Command command)
    {
        if (command.Quantity.Lots < 0 || command.ExpiresAtSeconds is < 0 or > long.MaxValue / 1_000_000)
            return RejectReason.InvalidAmount;
        (_firmUntilSeconds, _firmAllotment) = (command.ExpiresAtSeconds, command.Quantity.Lots);
        return RejectReason.None;
    }

    private RejectReason Grant(in Command command)
    {
        var isCollateral = command.Outcome == Command.CollateralOutcome;
        var market = isCollateral ? 0 : command.Market.Value;
        if (!isCollateral && !Markets.ContainsKey(market))
            return RejectReason.InvalidMarket;
        if (!isCollateral && command.Outcome >= Markets[market].Outcomes)
            return RejectReason.InvalidOutcome;
        var units = isCollateral ? command.Amount.Micros : command.Quantity.Lots;
        if (units is < 1 or > ExchangeLimits.OwnedUnits)
            return RejectReason.InvalidAmount;
        if (command.ExpiresAtSeconds is < 1 or > long.MaxValue / 1_000_000 || IsLater(command.ExpiresAtSeconds))
            return RejectReason.OrderExpired;
        var (account, nonce) = (command.Account.Value, command.SaltTag);
        if (_withdrawals.Any(one => one.Account == account && one.Nonce == nonce))
            return RejectReason.DuplicateOrder;
        if (Balance(account, market, command.Outcome, Purse.Vault).Available < units)
            return RejectReason.InsufficientBalance;
        if (_withdrawals.Count(one => one.Account == account) >= ExchangeLimits.WithdrawalsOfAccount)
            return RejectReason.NoRoom;
        _withdrawals.Add(new ReferenceWithdrawal(account, nonce, market, command.Outcome, units, command.ExpiresAtSeconds));
        return RejectReason.None;
    }

    private RejectReason EndWithdrawal(in Command command, bool isPaid)
    {
        var (account, nonce) = (command.Account.Value, command.SaltTag);
        if (_withdrawals.FirstOrDefault(one => one.Account == account && one.Nonce == nonce) is not { } withdrawal)
            return RejectReason.UnknownTrade;
        if (!isPaid && !IsLater(withdrawal.Deadline))
            return RejectReason.StaleObservation;
        _withdrawals.Remove(withdrawal);
        if (isPaid)
            Move(account, withdrawal.Market, withdrawal.Outcome, Purse.Vault, -withdrawal.Units, command.Block);
        return RejectReason.None;
    }

    /// <summary>What refuses the order if nothing of a lower number does.</summary>
    private (Purse Purse, RejectReason Refusal) PurseOf(in Command command, ReferenceMarket market, long need)
    {
        if (command.Purse == PurseChoice.Wallet)
            return (Purse.Wallet, market.FirmOnly ? RejectReason.FirmRequired : RejectReason.None);
        if (command.Purse == PurseChoice.Vault || command.FirmOnly || market.FirmOnly)
            return (Purse.Vault, IsFirmOpen ? RejectReason.None : RejectReason.FirmUnavailable);
        var free =
            command.Side == Side.Buy
                ? Balance(command.Account.Value, 0, Command.CollateralOutcome, Purse.Vault)
                : Balance(command.Account.Value, command.Market.Value, command.Outcome, Purse.Vault);
        return (IsFirmOpen && free.Available >= need ? Purse.Vault : Purse.Wallet, RejectReason.None);
    }
}
