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

    /// <param name="key">The maker's own, or one that is registered at the vault for <paramref name="maker"/>.</param>
    /// <param name="salt">Makes one order of several with the same terms, and is what a cancel names; null: a random one.</param>
    /// <exception cref="ArgumentException">A price or an amount that the chain's units cannot hold exactly.</exception>
    /// <param name="maker">An account, such as a contract wallet, for which the key is registered; null: the key's own account.</param>
    public SignedPlacement Sign(PrivateKey key, OrderTerms terms, BigInteger? salt = null, Address? maker = null)
    {
        var account = maker ?? key.Address;
        var expiry = terms.ExpiresAt?.ToUnixTimeSeconds() ?? 0;
        var message = OrderMessage.OfUnits(
            account,
            terms.Outcome,
            terms.IsBuy,
            (int)ExactUnits.Ticks(terms.Price),
            ExactUnits.Lots(terms.Amount),
            salt ?? NewSalt(),
            expiry
        );
        var hash = OrderSigning.OrderHash(DomainOf(terms.Market), message);
        var order = new SignedOrder(
            account.ToString(),
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

    /// <summary>Cancels by the salt of <paramref name="placement"/>, which only that order has, for its maker.</summary>
    /// <param name="key">The maker's own, or the one that is registered for them at the vault and in force.</param>
    public CancelOrderRequest SignCancel(PrivateKey key, SignedPlacement placement) =>
        SignCancel(key, placement.Request.Market, placement.Request.Order.Salt, Address.Parse(placement.Request.Order.Maker));

    /// <summary>Cancels every order of the account in the market that has this salt.</summary>
    /// <param name="maker">The account, if the key is the one that is registered for it at the vault; null: the key's own.</param>
    public CancelOrderRequest SignCancel(PrivateKey key, string market, string salt, Address? maker = null)
    {
        var account = maker ?? key.Address;
        var message = new CancelSaltMessage(account, BigInteger.Parse(salt, NumberStyles.None, CultureInfo.InvariantCulture));
        return new CancelOrderRequest(market, account.ToString(), salt, Hex.Encode(OrderSigning.Sign(DomainOf(market), message, key)));
    }

    /// <summary>128 bits, so that no two of an account meet.</summary>
    private static BigInteger NewSalt() => new(RandomNumberGenerator.GetBytes(16), isUnsigned: true);

    private TypedDataDomain DomainOf(string market) =>
        _domains.GetOrAdd(market, static (address, chainId) => TypedDataDomain.OfMarket(chainId, Address.Parse(address)), chainId);
}
