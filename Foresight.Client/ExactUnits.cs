using System.Globalization;

namespace Foresight.Client;

/// <summary>The exchange rounds nothing, so what its units cannot hold is refused here, before it is signed.</summary>
internal static class ExactUnits
{
    /// <summary>0.0001 USDC per share.</summary>
    public static long Ticks(decimal price) =>
        price is > 0 and < 1 ? Exact(price, 10_000m, "A price") : throw new ArgumentException("A price is above 0 and below 1.");

    /// <summary>0.01 share.</summary>
    public static long Lots(decimal shares) => Positive(shares, 100m, "An amount of shares");

    /// <summary>0.000001 USDC.</summary>
    public static long Micros(decimal usdc) => Positive(usdc, 1_000_000m, "An amount of USDC");

    private static long Positive(decimal value, decimal unitsPerOne, string what) =>
        value > 0 ? Exact(value, unitsPerOne, what) : throw new ArgumentException($"{what} is above 0.");

    private static long Exact(decimal value, decimal unitsPerOne, string what)
    {
        if (value > long.MaxValue / unitsPerOne)
            throw new ArgumentException($"{what} is at most {(long.MaxValue / unitsPerOne).ToString(CultureInfo.InvariantCulture)}.");
        var units = value * unitsPerOne;
        return units == decimal.Truncate(units)
            ? (long)units
            : throw new ArgumentException(
                $"{what} is in steps of {(1 / unitsPerOne).ToString(CultureInfo.InvariantCulture)}; "
                    + $"{value.ToString(CultureInfo.InvariantCulture)} is none."
            );
    }
}
