using System.Collections.Concurrent;
using System.Globalization;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Simulator.Traders;

/// <summary>A retry sends the same bytes, so that it cannot become a second order.</summary>
public sealed record SignedPlacement(string OrderId, PlaceOrderRequest Request);

public sealed class OrderSigner(long chainId)
{
    private readonly ConcurrentDictionary<string, TypedDataDomain> _domains = new(StringComparer.OrdinalIgnoreCase);

    public SignedPlacement Sign(Trader trader, OrderIntent intent)
    {
        var expiry = intent.ExpiresAt?.ToUnixTimeSeconds() ?? 0;
        var message = OrderMessage.OfUnits(
            trader.Address,
            intent.Outcome,
            intent.Side == Side.Buy,
            intent.Price.Ticks,
            intent.Quantity.Lots,
            trader.NextSalt(),
            expiry
        );
        var hash = OrderSigning.OrderHash(DomainOf(intent.Market.Address), message);
        var order = new SignedOrder(
            trader.Address.ToString(),
            intent.Outcome,
            message.IsBuy,
            WireUnits.ToPrice6(intent.Price),
            WireUnits.ToAmount18(intent.Quantity),
            message.Salt.ToString(CultureInfo.InvariantCulture),
            expiry.ToString(CultureInfo.InvariantCulture)
        );
        return new SignedPlacement(
            hash.ToString(),
            new PlaceOrderRequest(
                intent.Market.Address,
                order,
                Hex.Encode(trader.Key.Sign(hash)),
                NameOf(intent.TimeInForce),
                intent.PostOnly
            )
        );
    }

    /// <summary>Cancels by the salt of <paramref name="placement"/>, which only that order has.</summary>
    public CancelOrderRequest SignCancel(Trader trader, SignedPlacement placement)
    {
        var (market, salt) = (placement.Request.Market, placement.Request.Order.Salt);
        var message = new CancelSaltMessage(trader.Address, System.Numerics.BigInteger.Parse(salt, CultureInfo.InvariantCulture));
        return new CancelOrderRequest(
            market,
            trader.Address.ToString(),
            salt,
            Hex.Encode(OrderSigning.Sign(DomainOf(market), message, trader.Key))
        );
    }

    private TypedDataDomain DomainOf(string market) =>
        _domains.GetOrAdd(market, static (address, chainId) => TypedDataDomain.OfMarket(chainId, Address.Parse(address)), chainId);

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
