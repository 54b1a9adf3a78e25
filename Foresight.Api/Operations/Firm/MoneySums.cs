using System.Globalization;

namespace Foresight.Api.Operations.Firm;

/// <summary>Sums over many rows may have more digits than a long; a decimal holds them exactly.</summary>
internal static class MoneySums
{
    public static string Usdc(decimal micros) => Format(micros / 1_000_000m);

    public static string Shares(decimal lots) => Format(lots / 100m);

    private static string Format(decimal value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
