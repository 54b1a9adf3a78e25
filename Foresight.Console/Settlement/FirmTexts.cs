using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Settlement;

public static class FirmTexts
{
    /// <param name="why">One of <see cref="FirmRefusals"/>.</param>
    public static string Of(string why) =>
        why switch
        {
            FirmRefusals.NoTerms => "settlement has not brought the leaders their terms yet",
            FirmRefusals.FactsTooOld => "the newest fact of the chain is older than a quarter of the vault's delay",
            FirmRefusals.TradeWaits => "a firm trade has waited for longer than a quarter of the vault's delay",
            FirmRefusals.BoundReached => "as many firm trades wait as settlement can settle in half of the vault's delay",
            _ => Format.Words(why),
        };

    public static TimeSpan QuarterOf(FirmView firm) => TimeSpan.FromSeconds(firm.DelaySeconds) / 4;
}
