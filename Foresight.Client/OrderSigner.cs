using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Client;

/// <summary>A retry sends the same bytes, so that it cannot become a second order.</summary>
public sealed record SignedPlacement(string OrderId, PlaceOrderRequest Request);

public sealed class OrderSigner(long chainId)
{
    private readonly ConcurrentDictionary<string, TypedDataDomain> _domains = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="salt">Makes one order of several with the same terms, and is what a cancel names; null: a random one.</param>
    /// <exception cref="ArgumentException">A price or an amount that the chain's units cannot hold exactly.</exception>
    public SignedPlacement Sign(PrivateKey key, OrderTerms terms, BigInteger? salt = null)
    {
        var expiry = terms.ExpiresAt?.ToUnixTimeSeconds() ?? 0;
        var message = OrderMessage.OfUnits(
            key.Address,
            terms.Outcome,
            terms.IsBuy,
            (int)ExactUnits.Ticks(terms.Price),
            ExactUnits.Lots(terms.Amount),
            salt ?? NewSalt(),
            expiry
        );
        var hash = OrderSigning.OrderHash(DomainOf(terms.Market), message);
        var order = new SignedOrder(
            key.Address.ToString(),
            terms.Outcome,
            message.IsBuy,
            message.Price.ToString(CultureInfo.InvariantCulture),
            message.Amount.ToString(CultureInfo.InvariantCulture),
            message.Salt.ToString(CultureInfo.InvariantCulture),
            expiry.ToString(CultureInfo.InvariantCulture)
        );
        return new SignedPlacement(
            hash.ToString(),
            new PlaceOrderRequest(
                terms.Market,
                order,
                Hex.Encode(key.Sign(hash)),
                terms.TimeInForce,
                terms.PostOnly,
                terms.SelfTradePrevention,
                terms.ClientOrderId,
                terms.Purse,
                terms.FirmOnly
            )
        );
    }

    /// <summary>Cancels by the salt of <paramref name="placement"/>, which only that order has.</summary>
    public CancelOrderRequest SignCancel(PrivateKey key, SignedPlacement placement) =>
        SignCancel(key, placement.Request.Market, placement.Request.Order.Salt);

    /// <summary>Cancels every order of the key's account in the market that was signed with this salt.</summary>
    public CancelOrderRequest SignCancel(PrivateKey key, string market, string salt)
    {
        var message = new CancelSaltMessage(key.Address, BigInteger.Parse(salt, NumberStyles.None, CultureInfo.InvariantCulture));
        return new CancelOrderRequest(market, key.Address.ToString(), salt, Hex.Encode(OrderSigning.Sign(DomainOf(market), message, key)));
    }

    /// <summary>128 bits, so that no two of an account meet.</summary>
    private static BigInteger NewSalt() => new(RandomNumberGenerator.GetBytes(16), isUnsigned: true);

    private TypedDataDomain DomainOf(string market) =>
        _domains.GetOrAdd(market, static (address, chainId) => TypedDataDomain.OfMarket(chainId, Address.Parse(address)), chainId);
}
