using System.Globalization;
using Foresight.Matching.Engine;

namespace Foresight.Simulator.Traders;

/// <summary>Uses <see cref="decimal"/>, because it is exact where a float is not.</summary>
public static class WireUnits
{
    public const decimal LotsPerShare = 100m;
    private const decimal MicrosPerUsdc = 1_000_000m;

    public static int ParseTicks(string price) => checked((int)Scale(price, Price.TicksPerUnit));

    public static long ParseLots(string shares) => Scale(shares, LotsPerShare);

    public static long ParseMicros(string usdc) => Scale(usdc, MicrosPerUsdc);

    private static long Scale(string text, decimal unitsPerOne)
    {
        var units =
            decimal.Parse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) * unitsPerOne;
        if (units != decimal.Truncate(units))
            throw new FormatException($"'{text}' has more digits than its unit can hold");
        return checked((long)units);
    }
}
