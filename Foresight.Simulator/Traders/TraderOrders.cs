using Foresight.Client;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Simulator.Traders;

public static class TraderOrders
{
    public static SignedPlacement Sign(this OrderSigner signer, Trader trader, OrderIntent intent) =>
        signer.Sign(
            trader.Key,
            new OrderTerms(
                intent.Market.Address,
                intent.Outcome,
                intent.Side == Side.Buy,
                intent.Price.Ticks / (decimal)Price.TicksPerUnit,
                intent.Quantity.Lots / WireUnits.LotsPerShare
            )
            {
                TimeInForce = NameOf(intent.TimeInForce),
                PostOnly = intent.PostOnly,
                ExpiresAt = intent.ExpiresAt,
            },
            trader.NextSalt()
        );

    /// <inheritdoc cref="OrderSigner.SignCancel(Chain.Signing.PrivateKey, SignedPlacement)"/>
    public static CancelOrderRequest SignCancel(this OrderSigner signer, Trader trader, SignedPlacement placement) =>
        signer.SignCancel(trader.Key, placement);

    private static string NameOf(TimeInForce timeInForce) =>
        timeInForce switch
        {
            TimeInForce.GoodTilCancelled => "GTC",
            TimeInForce.GoodTilDate => "GTD",
            TimeInForce.ImmediateOrCancel => "IOC",
            TimeInForce.FillOrKill => "FOK",
            _ => throw new ArgumentOutOfRangeException(nameof(timeInForce)),
        };
}
