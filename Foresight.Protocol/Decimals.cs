using System.Globalization;

namespace Foresight.Protocol;

/// <summary>Exact decimal strings of the integer units, without trailing zeros: "0.55", "12.5", "3".</summary>
public static class Decimals
{
    /// <summary>USDC per share, from ticks of 0.0001.</summary>
    public static string Price(int ticks) => Format(ticks, 4);

    /// <summary>Shares, from lots of 0.01.</summary>
    public static string Shares(long lots) => Format(lots, 2);

    /// <summary>USDC, from micro-USDC.</summary>
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
