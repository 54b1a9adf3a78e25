using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Foresight.Protocol;

namespace Foresight.Bench.Enemy;

/// <summary>By a stranger who knows every record of the cluster but no key, so nothing here has a proof or seal of its own.</summary>
internal static partial class Forgery
{
    public static byte[] Lease(string address, long epoch)
    {
        var now = DateTimeOffset.UtcNow;
        return Json(new LeaseRecord("enemy", address, Guid.NewGuid(), epoch, now, now));
    }

    public static byte[] Node(string id, string address)
    {
        var now = DateTimeOffset.UtcNow;
        return Json(new NodeRecord(id, "matching", address, "active", "1", 1, now, now, [LeasedResources.Matching]));
    }

    public static byte[] Mark(long number) => Json(new TimelineMark(number));

    /// <summary>Keeps the captured proof, which must not hold for another number.</summary>
    public static byte[] WithNumber(byte[] mark, long number) =>
        Encoding.Latin1.GetBytes(Number().Replace(Encoding.Latin1.GetString(mark), $"\"number\":{number}"));

    public static byte[] Announcement(string nodeId) =>
        Json(new NodeAnnouncement(nodeId, Guid.NewGuid(), DateTimeOffset.UtcNow.AddYears(-1), ProcessId: 1));

    public static byte[] LeaderNotice(string leaseKey, string address, Random random)
    {
        string kind;
        lock (random)
            kind = random.Next(2) == 0 ? "acquired" : "released";
        return Json(
            new LeaderMessage(kind, leaseKey[(leaseKey.LastIndexOf("leader:", StringComparison.Ordinal) + 7)..], "enemy", address, 1)
        );
    }

    /// <summary>Keeps the captured proof, which must not hold for another address.</summary>
    public static byte[] WithAddress(byte[] lease, string address) =>
        Encoding.Latin1.GetBytes(HttpAddress().Replace(Encoding.Latin1.GetString(lease), address));

    public static string? AddressIn(byte[] lease) =>
        HttpAddress().Match(Encoding.Latin1.GetString(lease)) is { Success: true } found ? found.Value : null;

    public static (string Channel, byte[] Body) Message(Random random, string victim, JournalPlace place)
    {
        var (epoch, sequence) = place;
        int kind,
            market;
        lock (random)
            (kind, market) = (random.Next(6), random.Next(1, 6));
        return kind switch
        {
            0 => (Channels.Trades, Json(new TradesMessage(market, epoch, sequence, sequence - 1, [Trade(market, epoch, sequence)]))),
            1 => (Channels.Orders, Json(new OrdersMessage(epoch, sequence, [Fill(victim, market, epoch, sequence)]))),
            2 => (Channels.Depth, Json(Book(market, epoch, sequence))),
            3 => (Channels.Depth, Json(Book(market, epoch, sequence) with { Snapshot = false, Previous = sequence - 1 })),
            4 => (
                Channels.Stats,
                Json(new StatsMessage(market, epoch, sequence, new MarketStats(market, "0.99", "1", "1", 7, "0.98", null)))
            ),
            _ => (
                Channels.TradeStates,
                Json(
                    new TradeStatesMessage(
                        market,
                        epoch,
                        sequence,
                        sequence - 1,
                        [new TradeState(1, market, "failed", "enemy", null, null)]
                    )
                )
            ),
        };
    }

    private static TradeView Trade(int market, long epoch, long sequence) =>
        new(
            900_000_000 + sequence,
            market,
            "direct",
            0,
            "buy",
            "0.99",
            "1000",
            DateTimeOffset.UtcNow,
            "matched",
            null,
            null,
            null,
            epoch,
            sequence
        );

    private static OrderUpdate Fill(string victim, int market, long epoch, long sequence) =>
        new(
            victim,
            "0x" + new string('9', 64),
            market,
            "filled",
            "filled",
            "1000",
            "0",
            new FillView(900_000_000 + sequence, "0.99", "1000", "maker", "matched"),
            null,
            epoch,
            sequence
        );

    private static DepthMessage Book(int market, long epoch, long sequence)
    {
        LevelChange[] levels =
        [
            new(0, true, 9_800, 5_000),
            new(0, false, 9_900, 5_000),
            new(1, true, 100, 5_000),
            new(1, false, 200, 5_000),
        ];
        return new DepthMessage(market, epoch, sequence, 0, Snapshot: true, levels);
    }

    private static byte[] Json<T>(T record) => JsonSerializer.SerializeToUtf8Bytes(record, JsonSerializerOptions.Web);

    [GeneratedRegex("\"number\":[0-9]+")]
    private static partial Regex Number();

    [GeneratedRegex(@"https?://[0-9A-Za-z.\-]+:\d+")]
    private static partial Regex HttpAddress();
}
