using System.Security.Cryptography;
using Foresight.Contracts;

namespace Foresight.Testing;

/// <summary>Door commands of made-up traders. The door takes orders that the edge has checked, so no real signature is needed.</summary>
public sealed class Traders(int seed)
{
    private readonly Random random = new(seed);
    private int salts;

    public static string Address(int trader) => $"0x{trader:x40}";

    public static DoorCommand Fund(int trader, long block = 1, long micros = 1_000_000_000_000) =>
        Command(DoorCommandKind.ObserveBalance) with { Chain = new DoorChain(0, Address(trader), 0, 255, micros, block, null) };

    public static DoorCommand FundShares(int trader, int market, int outcome, long lots = 1_000_000, long block = 1) =>
        Command(DoorCommandKind.ObserveBalance) with { Chain = new DoorChain(0, Address(trader), market, outcome, lots, block, null) };

    public DoorCommand Place(
        int trader, int market, int outcome, bool isBuy, int price, long lots, int timeInForce = 0, long expiry = 0, string? key = null)
    {
        var salt = Interlocked.Increment(ref salts);
        var hash = SHA256.HashData(BitConverter.GetBytes(seed).Concat(BitConverter.GetBytes(salt)).ToArray());
        return Command(DoorCommandKind.Place) with
        {
            Order = new DoorOrder(
                "0x" + Convert.ToHexStringLower(hash), Address(trader), market, outcome, isBuy, price, lots, salt.ToString(), expiry,
                "0x" + new string('1', 130), timeInForce, false, 0, null, key),
        };
    }

    public static DoorCommand CancelBySalt(int trader, int market, string salt) =>
        Command(DoorCommandKind.CancelBySalt) with { Cancel = new DoorCancel(Address(trader), market, null, salt) };

    /// <param name="filledLots">Filled directly on chain since the order was made.</param>
    public static DoorCommand Reduce(int trader, int market, string hash, long filledLots) => Command(DoorCommandKind.ReduceOrder) with
    {
        Cancel = new DoorCancel(Address(trader), market, hash, null), Chain = new DoorChain(0, null, 0, 0, filledLots, 1, null),
    };

    public static DoorCommand CancelByHash(int trader, int market, string hash) =>
        Command(DoorCommandKind.CancelByHash) with { Cancel = new DoorCancel(Address(trader), market, hash, null) };

    /// <summary>Everything a trader may do, with prices close enough to trade often.</summary>
    public DoorCommand Any(int traders, IReadOnlyList<DoorOrder> placed)
    {
        var trader = random.Next(1, traders + 1);
        if (placed.Count > 0 && random.Next(5) == 0)
        {
            var order = placed[random.Next(placed.Count)];
            if (random.Next(6) == 0) return Command(DoorCommandKind.ReduceOrder) with
            {
                Cancel = new DoorCancel(order.Maker, order.MarketId, order.Hash, null),
                Chain = new DoorChain(0, null, 0, 0, random.NextInt64(1, order.Lots + 1), 1, null),
            };
            return Command(random.Next(2) == 0 ? DoorCommandKind.CancelByHash : DoorCommandKind.CancelBySalt) with
            {
                Cancel = new DoorCancel(order.Maker, order.MarketId, order.Hash, order.Salt),
            };
        }

        var market = random.Next(1, 3);
        var price = market == 1 ? random.Next(4_800, 5_200) : random.Next(25, 45) * 100;
        return Place(
            trader, market, random.Next(market + 1), random.Next(2) == 0, price, random.Next(1, 500),
            timeInForce: random.Next(8) switch { 0 => 2, 1 => 3, _ => 0 });
    }

    public static DoorCommand Command(DoorCommandKind kind) => new(Guid.NewGuid(), kind, DateTimeOffset.UtcNow.AddSeconds(60));
}
