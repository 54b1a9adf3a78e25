using System.Globalization;
using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Markets;

/// <summary>Exact decimals, because traders compare them; a tick is 0.0001 USDC, a lot 0.01 share.</summary>
public static class Prices
{
    private const decimal TickUsdc = 0.0001m;
    private const decimal LotShares = 0.01m;

    public static decimal FromTicks(int ticks) => ticks * TickUsdc;

    public static decimal FromLots(long lots) => lots * LotShares;

    public static decimal? Parse(string? exact) =>
        decimal.TryParse(exact, NumberStyles.Number, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>As many decimals as the market's tick has, so that prices line up in a column.</summary>
    public static string Show(string? exact, string tickSize) => Parse(exact) is { } price ? Show(price, tickSize) : "–";

    public static string Show(decimal price, string tickSize) => Format.Number(price, DecimalsOf(tickSize));

    public static string Show(int ticks, string tickSize) => Show(FromTicks(ticks), tickSize);

    /// <summary>With one decimal more where it lies between two ticks.</summary>
    public static string Middle(int bidTicks, int askTicks, string tickSize)
    {
        var (middle, decimals) = ((FromTicks(bidTicks) + FromTicks(askTicks)) / 2, DecimalsOf(tickSize));
        return Format.Number(middle, decimal.Round(middle, decimals) == middle ? decimals : decimals + 1);
    }

    public static string Shares(long lots) => Format.Number(FromLots(lots), 2);

    /// <summary>In totals cents are noise, so they are rounded away.</summary>
    public static string Whole(string? exact) => Parse(exact) is { } value ? Format.Number(decimal.Round(value), 0) : "–";

    /// <summary>In a binary market NO at q is YES at 1 - q. Null if the outcome did not trade.</summary>
    public static decimal? Of(TradeView trade, int outcome, int outcomeCount)
    {
        var price = Parse(trade.Price);
        if (trade.OutcomeIndex == outcome)
            return price;

        return outcomeCount == 2 ? 1 - price : null;
    }

    private static int DecimalsOf(string tickSize) => Math.Max(2, tickSize.Length - tickSize.IndexOf('.', StringComparison.Ordinal) - 1);
}
