using System.Globalization;
using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Simulation.Clients;

/// <summary>Keys of the traders' accounts, and the contracts of the markets, so that leaders can check every signature.</summary>
internal static class SimulatedTraders
{
    public const long ChainId = 31337;
    public const int Markets = 2;

    public static readonly Address Vault = Address.Parse($"0x{9:x40}");

    private static readonly Dictionary<string, PrivateKey> Keys = Enumerable
        .Range(1, 9)
        .SelectMany(trader => Enumerable.Range(1, Trader.Accounts), KeyOf)
        .ToDictionary(key => key.Address.ToLowerHex());

    private static readonly TypedDataDomain[] Domains = [.. Contracts.Select(market => TypedDataDomain.OfMarket(ChainId, market.Contract))];

    public static IReadOnlyList<(int MarketId, Address Contract)> Contracts =>
        [.. Enumerable.Range(1, Markets).Select(market => (market, Address.Parse($"0x{market:x40}")))];

    public static PrivateKey KeyOf(int trader, int account) => PrivateKey.OfPhrase($"account {account} of simulated trader {trader}");

    public static PrivateKey KeyOf(string account) => Keys[account];

    /// <summary>With the hash of its content, and a signature by the key of its maker.</summary>
    public static PlaceOrder Signed(PlaceOrder order) => Signed(order, Keys[order.Maker]);

    public static PlaceOrder Signed(PlaceOrder order, PrivateKey key)
    {
        var message = OrderMessage.OfUnits(
            Address.Parse(order.Maker),
            order.Outcome,
            order.IsBuy,
            order.PriceTicks,
            order.Lots,
            BigInteger.Parse(order.Salt, CultureInfo.InvariantCulture),
            order.ExpirySeconds
        );
        var hash = OrderSigning.OrderHash(Domains[order.MarketId - 1], message);
        return order with { Hash = hash.ToString(), Signature = Hex.Encode(key.Sign(hash)) };
    }

    public static CancelBySalt Signed(CancelBySalt cancel)
    {
        var message = new CancelSaltMessage(Address.Parse(cancel.Maker), BigInteger.Parse(cancel.Salt, CultureInfo.InvariantCulture));
        return cancel with { Signature = Hex.Encode(OrderSigning.Sign(Domains[cancel.MarketId - 1], message, Keys[cancel.Maker])) };
    }
}
