using System.Globalization;
using Foresight.Matching.Engine;

namespace Foresight.Simulator.Traders;

/// <summary>Uses <see cref="decimal"/>, because it is exact where a float is not.</summary>
public static class WireUnits
{
    private const decimal LotsPerShare = 100m;
    private const decimal MicrosPerUsdc = 1_000_000m;

    public static int ParseTicks(string price) => checked((int)Scale(price, Price.TicksPerUnit));

    public static long ParseLots(string shares) => Scale(shares, LotsPerShare);

    public static long ParseMicros(string usdc) => Scale(usdc, MicrosPerUsdc);

    /// <summary>Ticks × 100, because a tick is 0.0001 USDC, and the contract counts micro-USDC per share.</summary>
    public static string ToPrice6(Price price) => (price.Ticks * 100L).ToString(CultureInfo.InvariantCulture);

    /// <summary>One lot is 10^16 of the contract's 18 decimals, so the text is the lots and sixteen zeros.</summary>
    public static string ToAmount18(Quantity quantity) => quantity.Lots.ToString(CultureInfo.InvariantCulture) + "0000000000000000";

    private static long Scale(string text, decimal unitsPerOne)
    {
        var units =
            decimal.Parse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) * unitsPerOne;
        if (units != decimal.Truncate(units))
            throw new FormatException($"'{text}' has more digits than its unit can hold");
        return checked((long)units);
    }
}
