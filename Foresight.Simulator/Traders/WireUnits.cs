using System.Globalization;
using Foresight.Matching.Engine;

namespace Foresight.Simulator.Traders;

/// <summary>Between the exchange's units and the decimal strings of the API. <see cref="decimal"/> is exact here: never a float.</summary>
public static class WireUnits
{
    private const decimal LotsPerShare = 100m;
    private const decimal MicrosPerUsdc = 1_000_000m;

    /// <summary>Ticks of a price or tick size such as "0.55".</summary>
    public static int ParseTicks(string price) => checked((int)Scale(price, Price.TicksPerUnit));

    /// <summary>Lots of a size such as "12.5" shares.</summary>
    public static long ParseLots(string shares) => Scale(shares, LotsPerShare);

    /// <summary>Micro-USDC of an amount such as "100.25".</summary>
    public static long ParseMicros(string usdc) => Scale(usdc, MicrosPerUsdc);

    /// <summary>The contract's price6: micro-USDC per share.</summary>
    public static string ToPrice6(Price price) => (price.Ticks * 100L).ToString(CultureInfo.InvariantCulture);

    /// <summary>The contract's amount18. One lot is 10^16, so the digits of the lots and sixteen zeros.</summary>
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
