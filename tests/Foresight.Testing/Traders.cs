using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Testing;

/// <summary>The keys follow from the traders' numbers, so that every test and process knows them.</summary>
public sealed class Traders(int seed)
{
    private static readonly ConcurrentDictionary<int, PrivateKey> Keys = new();
    private static readonly ConcurrentDictionary<int, TypedDataDomain> Domains = new();

    private readonly Random _random = new(seed);
    private int _salts;

    /// <summary>The default of CHAIN_ID, which test nodes do not set.</summary>
    private const long ChainId = 31337;

    public static DateTimeOffset Deadline => DateTimeOffset.UtcNow.AddSeconds(60);

    public static PrivateKey Key(int trader) =>
        Keys.GetOrAdd(trader, static number => PrivateKey.OfPhrase($"trader {number} of the tests"));

    public static string Address(int trader) => Key(trader).Address.ToLowerHex();

    public static TypedDataDomain Domain(int market) =>
        Domains.GetOrAdd(market, static number => TypedDataDomain.OfMarket(ChainId, Chain.Address.Parse($"0x{number:x40}")));

    public static ObserveBalance Fund(int trader, long block = 1, long micros = 1_000_000_000_000) =>
        new(Address(trader), MarketId: 0, Outcome: 255, micros, block) { RequestId = Guid.NewGuid(), Deadline = Deadline };

    public static ObserveBalance FundShares(int trader, int market, int outcome, long lots = 1_000_000, long block = 1) =>
        new(Address(trader), market, outcome, lots, block) { RequestId = Guid.NewGuid(), Deadline = Deadline };

    public PlaceOrder Place(
        int trader,
        int market,
        int outcome,
        bool isBuy,
        int price,
        long lots,
        int timeInForce = 0,
        long expiry = 0,
        string? key = null
    )
    {
        // The seed is part of the salt, because the same trader may be of several instances.
        var salt = ((long)(uint)seed << 32) + Interlocked.Increment(ref _salts);
        return Sign(
            trader,
            new PlaceOrder
            {
                RequestId = Guid.NewGuid(),
                Deadline = Deadline,
                Hash = "",
                Maker = Address(trader),
                MarketId = market,
                Outcome = outcome,
                IsBuy = isBuy,
                PriceTicks = price,
                Lots = lots,
                Salt = salt.ToString(),
                ExpirySeconds = expiry,
                Signature = "",
                TimeInForce = timeInForce,
                IdempotencyKey = key,
            }
        );
    }

    public static PlaceOrder Sign(int trader, PlaceOrder order)
    {
        var message = OrderMessage.OfUnits(
            Key(trader).Address,
            order.Outcome,
            order.IsBuy,
            order.PriceTicks,
            order.Lots,
            BigInteger.Parse(order.Salt, CultureInfo.InvariantCulture),
            order.ExpirySeconds
        );
        var hash = OrderSigning.OrderHash(Domain(order.MarketId), message);
        return order with { Hash = hash.ToString(), Signature = Hex.Encode(Key(trader).Sign(hash)) };
    }

    /// <summary>Without a signature, because the chain has checked it.</summary>
    public static CancelBySalt CancelBySalt(int trader, int market, string salt) => CancelBySalt(Address(trader), market, salt);

    public static CancelBySalt SignedCancel(int trader, int market, string salt)
    {
        var message = new CancelSaltMessage(Key(trader).Address, BigInteger.Parse(salt, CultureInfo.InvariantCulture));
        return CancelBySalt(trader, market, salt) with { Signature = Hex.Encode(OrderSigning.Sign(Domain(market), message, Key(trader))) };
    }

    public static CancelByHash CancelByHash(int trader, int market, string hash) => CancelByHash(Address(trader), market, hash);

    public static ReduceOrder Reduce(int trader, int market, string hash, long filledLots) =>
        Reduce(Address(trader), market, hash, filledLots);

    public static SettleTrade Settle(long trade, long block) => new(trade, block) { RequestId = Guid.NewGuid(), Deadline = Deadline };

    public static BustTrade Bust(long trade, long block, string? reason = null) =>
        new(trade, block, reason) { RequestId = Guid.NewGuid(), Deadline = Deadline };

    public LeaderCommand Any(int traders, IReadOnlyList<PlaceOrder> placed)
    {
        var trader = _random.Next(1, traders + 1);
        if (placed.Count > 0 && _random.Next(5) == 0)
        {
            var order = placed[_random.Next(placed.Count)];
            if (_random.Next(6) == 0)
                return Reduce(order.Maker, order.MarketId, order.Hash, _random.NextInt64(1, order.Lots + 1));
            if (_random.Next(2) == 0)
                return CancelByHash(order.Maker, order.MarketId, order.Hash);
            return CancelBySalt(order.Maker, order.MarketId, order.Salt);
        }

        var market = _random.Next(1, 3);
        var price = market == 1 ? _random.Next(4_800, 5_200) : _random.Next(25, 45) * 100;
        return Place(
            trader,
            market,
            _random.Next(market + 1),
            _random.Next(2) == 0,
            price,
            _random.Next(1, 500),
            timeInForce: _random.Next(8) switch
            {
                0 => 2,
                1 => 3,
                _ => 0,
            }
        );
    }

    public static CancelBySalt CancelBySalt(string maker, int market, string salt) =>
        new(maker, market, salt) { RequestId = Guid.NewGuid(), Deadline = Deadline };

    private static CancelByHash CancelByHash(string maker, int market, string hash) =>
        new(maker, market, hash) { RequestId = Guid.NewGuid(), Deadline = Deadline };

    private static ReduceOrder Reduce(string maker, int market, string hash, long filledLots) =>
        new(maker, market, hash, filledLots) { RequestId = Guid.NewGuid(), Deadline = Deadline };
}
