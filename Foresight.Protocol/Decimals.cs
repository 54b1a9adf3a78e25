using System.Globalization;

namespace Foresight.Protocol;

/// <summary>
/// Strings, because many readers take a JSON number for floating point, which has no place near money. Exact, without trailing zeros:
/// "0.55", "12.5", "3".
/// </summary>
public static class Decimals
{
    public static string Price(int ticks) => Format(ticks, 4);

    public static string Shares(long lots) => Format(lots, 2);

    public static string Usdc(long micros) => Format(micros, 6);

    private static string Format(long value, int digits)
    {
        // decimal holds every long times any of these powers exactly.
        var scale = digits switch
        {
            2 => 100m,
            4 => 10_000m,
            _ => 1_000_000m,
        };
        return (value / scale).ToString("0.######", CultureInfo.InvariantCulture);
    }
}
