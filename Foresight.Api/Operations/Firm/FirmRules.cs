using Foresight.Protocol;

namespace Foresight.Api.Operations.Firm;

/// <param name="Trades">How many firm trades of all shards may be unsettled.</param>
/// <param name="LoweredAt">When there were last fewer than before.</param>
public readonly record struct ConfirmedTerms(DateTimeOffset Until, long Trades, DateTimeOffset LoweredAt);

/// <param name="Oldest">When the oldest of them was matched, and the newest; null if there are none.</param>
public readonly record struct UnsettledFirm(long Trades, DateTimeOffset? Oldest, DateTimeOffset? Newest);

/// <summary>Whether orders are firm now, as the engine decides by the terms that it has confirmed, and since when not.</summary>
public static class FirmRules
{
    /// <param name="terms">Null: none was confirmed yet.</param>
    /// <param name="delay">The vault's, in seconds.</param>
    /// <returns>Null while they are; a start that is null is not known.</returns>
    public static (string Why, DateTimeOffset? Since)? Refusal(
        ConfirmedTerms? terms,
        UnsettledFirm unsettled,
        TimeSpan delay,
        DateTimeOffset now
    )
    {
        if (terms is not { } confirmed)
            return (FirmRefusals.NoTerms, null);
        if (now > confirmed.Until)
            return (FirmRefusals.FactsTooOld, confirmed.Until);
        if (unsettled.Trades < confirmed.Trades)
            return null;
        // Settlement lowers the number to none for such a trade, which else would only be one of too many.
        if (confirmed.Trades == 0 && unsettled.Oldest + delay / 4 is { } late && late < now)
            return (FirmRefusals.TradeWaits, late);
        return (FirmRefusals.BoundReached, unsettled.Newest > confirmed.LoweredAt ? unsettled.Newest : confirmed.LoweredAt);
    }
}
