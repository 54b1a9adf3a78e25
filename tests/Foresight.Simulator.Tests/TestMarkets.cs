using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests;

/// <summary>The extremes of the tick size, so that a rule that holds for one size only shows.</summary>
internal static class TestMarkets
{
    public static readonly TradedMarket Binary = new(1, "0x0000000000000000000000000000000000000001", 2, 1);
    public static readonly TradedMarket ThreeWay = new(2, "0x0000000000000000000000000000000000000002", 3, 100);
    public static readonly IReadOnlyList<TradedMarket> Both = [Binary, ThreeWay];
}

internal sealed class FrozenClock : TimeProvider
{
    public static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(60);

    public override DateTimeOffset GetUtcNow() => Now;
}
