using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Api.Reading;

public static class Names
{
    private static readonly string[] OrderStatuses = ["open", "partially_filled", "filled", "cancelled", "expired", "rejected"];
    private static readonly string[] TradeKinds = ["direct", "mint", "merge"];
    private static readonly string[] TimesInForce = ["GTC", "GTD", "IOC", "FOK"];
    private static readonly string[] SelfTradePreventions = ["cancel_newest", "cancel_oldest", "cancel_both"];

    public static string OfOrderStatus(short status) => OrderStatuses[status];

    public static string OfMarketState(short state) => MarketStates.All[state];

    public static string OfTradeKind(short kind) => TradeKinds[kind];

    public static string OfTimeInForce(short timeInForce) => TimesInForce[timeInForce];

    public static short? OrderStatusOf(string name) => Array.IndexOf(OrderStatuses, name) is var index and >= 0 ? (short)index : null;

    public static TimeInForce? TimeInForceOf(string? name) =>
        name switch
        {
            null or "GTC" => TimeInForce.GoodTilCancelled,
            "GTD" => TimeInForce.GoodTilDate,
            "IOC" or "FAK" => TimeInForce.ImmediateOrCancel,
            "FOK" => TimeInForce.FillOrKill,
            _ => null,
        };

    public static SelfTradePrevention? SelfTradePreventionOf(string? name) =>
        name is null ? SelfTradePrevention.CancelNewest
        : Array.IndexOf(SelfTradePreventions, name) is var index and >= 0 ? (SelfTradePrevention)index
        : null;

    public static PurseChoice? PurseChoiceOf(string? name) =>
        name switch
        {
            null or Purses.Either => PurseChoice.Either,
            Purses.Wallet => PurseChoice.Wallet,
            Purses.Vault => PurseChoice.Vault,
            _ => null,
        };

    public static string OfPurse(short purse) => (Purse)purse == Purse.Vault ? Purses.Vault : Purses.Wallet;

    public static string OfSide(bool isBuy) => isBuy ? "buy" : "sell";

    public static string OfLiquidity(bool isTaker) => isTaker ? "taker" : "maker";
}
