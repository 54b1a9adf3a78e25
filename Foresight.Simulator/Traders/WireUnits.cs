using System.Globalization;
using Foresight.Matching.Engine;

namespace Foresight.Simulator.Traders;

/// <summary>
/// Converts between the exchange's units and the decimal strings of the API. Uses <see cref="decimal"/>, which is exact, never a float.
/// </summary>
public static class WireUnits
{
    private const decimal LotsPerShare = 100m;
    private const decimal MicrosPerUsdc = 1_000_000m;

    public static int ParseTicks(string price) => checked((int)Scale(price, Price.TicksPerUnit));

    public static long ParseLots(string shares) => Scale(shares, LotsPerShare);

    public static long ParseMicros(string usdc) => Scale(usdc, MicrosPerUsdc);

    /// <summary>Ticks × 100: a tick is 0.0001 USDC, and the contract counts micro-USDC per share.</summary>
    public static string ToPrice6(Price price) => (price.Ticks * 100L).ToString(CultureInfo.InvariantCulture);

    /// <summary>The contract's amount with 18 decimals. One lot is 10^16, so the text is the lots and sixteen zeros.</summary>
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
