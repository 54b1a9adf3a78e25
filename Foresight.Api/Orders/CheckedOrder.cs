using System.Numerics;
using Foresight.Api.Markets;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Exchange;

namespace Foresight.Api.Orders;

/// <summary>An order whose shape, bounds and expiry hold. Its signature is checked after that.</summary>
public sealed record CheckedOrder(
    Market Market, OrderMessage Message, byte[] Signature, Price Price, Quantity Quantity, long ExpirySeconds, TimeInForce TimeInForce,
    bool PostOnly,
    SelfTradePrevention SelfTradePrevention, string? ClientOrderId)
{
    public Hash32 Hash { get; } = OrderSigning.OrderHash(Market.Domain, Message);

    public Address Maker => Message.Maker;

    public BigInteger Salt => Message.Salt;
}
