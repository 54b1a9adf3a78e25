using System.Runtime.CompilerServices;
using Foresight.Matching.Engine.Books;
using Foresight.Matching.Engine.Markets;

namespace Foresight.Matching.Engine;

// An order is firm when its hold is in the vault, a trade when every leg is. The bounds under which a firm trade is certain to settle are
// commands, so that a replay meets the same ones (docs/firm-money.md).
public sealed partial class ExchangeEngine
{
    private long _firmUntilMicros;
    private long _firmAllotment;
    private int _firmTrades;
    private bool _hasVault;

    /// <summary>Matched and unsettled trades of which every leg is of the vault.</summary>
    public int UnsettledFirmTrades => _firmTrades;

    /// <summary>How many there may be; 0 before the first terms.</summary>
    public long FirmAllotment => _firmAllotment;

    /// <summary>Until when orders are firm; 0 before the first terms.</summary>
    public long FirmUntilMicros => _firmUntilMicros;

    /// <summary>False: an order that must be firm is refused, and others are paid from the wallet.</summary>
    public bool IsFirmOpen(long atMicros) => atMicros <= _firmUntilMicros && _firmTrades < _firmAllotment;

    /// <summary>The part of <see cref="LevelQuantity"/> that is firm.</summary>
    public Quantity FirmQuantity(MarketId market, byte outcome, Side side, Price price)
    {
        ref readonly var row = ref _markets.At(market.Value);
        if (outcome >= row.Outcomes || price.Ticks is < Price.MinTicks or > Price.MaxTicks)
            return default;
        return new Quantity(_books.Firm.At(row.LadderOf(outcome, side), OwnKey(side, price.Ticks)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayBeFirm(in Command command, in MarketRow market) =>
        _hasVault | market.FirmOnly | command.FirmOnly | command.Purse == PurseChoice.Vault;

    /// <summary>Leaves the row of the wallet unless the order is to be firm.</summary>
    /// <returns>What refuses the order if nothing of a lower number does.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private RejectReason ChoosePurse(in Command command, in MarketRow market, long hold, long atMicros, ref int row)
    {
        if (command.Purse == PurseChoice.Wallet)
            return market.FirmOnly ? RejectReason.FirmRequired : RejectReason.None;
        var vault = _holdings.Find(HoldingKey(command.Account.Value, command.Market.Value, command.Outcome, command.Side, Purse.Vault));
        var isOpen = IsFirmOpen(atMicros);
        if (command.Purse == PurseChoice.Vault || command.FirmOnly || market.FirmOnly)
        {
            row = vault;
            return isOpen ? RejectReason.None : RejectReason.FirmUnavailable;
        }

        var needed = command.Amount.Micros == 0 ? hold : Math.Min(hold, command.Amount.Micros);
        if (isOpen && _holdings.At(vault).Available >= needed)
            row = vault;
        return RejectReason.None;
    }

    private RejectReason SetFirmTerms(in Command command)
    {
        if (command.Quantity.Lots < 0 || command.ExpiresAtSeconds is < 0 or > long.MaxValue / MicrosPerSecond)
            return RejectReason.InvalidAmount;
        _firmUntilMicros = command.ExpiresAtSeconds * MicrosPerSecond;
        _firmAllotment = command.Quantity.Lots;
        return RejectReason.None;
    }

    private const long MicrosPerSecond = 1_000_000;

    private bool IsVault(int slot) => _holdings.At(_orders.At(slot).HoldingRow).Purse == Purse.Vault;

    private bool AreVault(ReadOnlySpan<BookCursor> makers)
    {
        foreach (ref readonly var maker in makers)
        {
            if (!IsVault(maker.Slot))
                return false;
        }

        return true;
    }

    /// <summary>Of an order that pays from the vault.</summary>
    private bool IsOneTooMany(int maker) => _firmTrades >= _firmAllotment && IsVault(maker);

    private bool IsOneTooMany(ReadOnlySpan<int> makers)
    {
        if (_firmTrades < _firmAllotment)
            return false;
        foreach (var maker in makers)
        {
            if (!IsVault(maker))
                return false;
        }

        return true;
    }

    private bool IsFirm(int trade)
    {
        if (!_hasVault)
            return false;
        for (var leg = 0; leg < _trades.At(trade).Legs; leg++)
        {
            if (_trades.LegAt(trade, leg).Purse != Purse.Vault)
                return false;
        }

        return true;
    }

    /// <param name="isGone">Nothing is left of the order, which is still in the book.</param>
    private void ShrinkFirmDepth(int slot, long by, bool isGone = false)
    {
        ref readonly var level = ref _books.NodeAt(_books.NodeAt(slot).Level);
        _books.Firm.Take(level.Level, level.Tag, slot, by, isGone);
    }
}
