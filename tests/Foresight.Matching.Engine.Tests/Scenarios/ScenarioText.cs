using System.Globalization;
using Foresight.Matching.Engine.Tests.Support;

namespace Foresight.Matching.Engine.Tests.Scenarios;

internal static class ScenarioText
{
    public static string Of(object e, ScenarioNames names) =>
        e switch
        {
            OrderAccepted { Purse: Purse.Vault } firm => $"{names.NameOf(firm.Order)} accepted, firm",
            OrderAccepted accepted => $"{names.NameOf(accepted.Order)} accepted",
            CommandRejected rejected => $"rejected {rejected.Reason}",
            TradeExecuted trade => $"trade {trade.Trade.Value} {trade.Kind.ToString().ToLowerInvariant()} {Lots(trade.Quantity.Lots)}",
            OrderFilled filled =>
                $"  {names.NameOf(filled.Order)} {(filled.Side == Side.Buy ? "buys" : "sells")} at {Price(filled.Price)}, "
                    + $"{Lots(filled.Remaining.Lots)} left{(filled.Purse == Purse.Vault ? ", firm" : "")}",
            OrderCancelled cancelled =>
                $"{names.NameOf(cancelled.Order)} cancelled with {Lots(cancelled.Remaining.Lots)} left: {cancelled.Reason}",
            OrderReplaced replaced => $"{names.NameOf(replaced.Order)} is now {Lots(replaced.Remaining.Lots)} at {Price(replaced.Price)}",
            MarketChanged market => $"market {market.Market.Value} {market.State.ToString().ToLowerInvariant()}",
            TradeClosed trade => $"trade {trade.Trade.Value} {(trade.Settled ? "settled" : "bust")}",
            _ => throw new ArgumentOutOfRangeException(nameof(e)),
        };

    public static string Price(Price price) => (price.Ticks / 10_000m).ToString("0.00##", CultureInfo.InvariantCulture);

    public static string Lots(long lots) => (lots / 100m).ToString("0.##", CultureInfo.InvariantCulture);

    public static string Usdc(long micros) => (micros / 1_000_000m).ToString("0.######", CultureInfo.InvariantCulture);
}
