namespace Foresight.Bench.Book;

/// <param name="Expected">Results of every correct engine for seed 42, the published one.</param>
public sealed record Workload(string Name, int Operations, int Books, uint LiveTarget, Expectation Expected)
{
    public const ulong PublishedSeed = 42;

    private const int Count = 2_000_000;

    public static IReadOnlyList<Workload> All { get; } =
    [
        // Deep: the book only grows, so it leaves the cache.
        new(
            "w1",
            Count,
            1,
            uint.MaxValue,
            new(
                "d9e2e5bf060883c13fb522a1c5a61523aa038e6accb94cf82f9532ed018f4b32",
                499_665,
                new(745_566, 19_029_790, 94_365_527_696, 0xbff3414466d326a9)
            )
        ),
        // Steady: about 2,000 live orders, so that all of them stay in the cache.
        new(
            "w2",
            Count,
            1,
            2000,
            new(
                "007c991307d189d139380b91ee1792ee5929b9e2b81a73802210dca5c9c383a6",
                718_441,
                new(537_591, 13_755_628, 68_159_779_223, 0xc35ab500cd6d266a)
            )
        ),
        // A thousand markets, the first ones busier, so that the cache holds few of them.
        new(
            "w3",
            Count,
            1000,
            200,
            new(
                "06b9c4c5d797c098728c70c33a089d463c6ddf700e35cff6cf3083416d9f031f",
                649_259,
                new(510_964, 13_303_943, 66_520_232_638, 0xc7d9b8e55143d279)
            )
        ),
    ];
}

public sealed record Expectation(string Sha256, int Cancels, TradeTotals Totals);

public readonly record struct TradeTotals(long Trades, long Quantity, long Notional, ulong Hash)
{
    public static TradeTotals None { get; } = new(0, 0, 0, 0xcbf29ce484222325);

    public TradeTotals With(long maker, long taker, long price, long quantity)
    {
        var hash = Hash;
        foreach (var word in (ReadOnlySpan<long>)[maker, taker, price, quantity])
            hash = unchecked((hash ^ (ulong)word) * 0x100000001b3);
        return new TradeTotals(Trades + 1, Quantity + quantity, Notional + price * quantity, hash);
    }
}
