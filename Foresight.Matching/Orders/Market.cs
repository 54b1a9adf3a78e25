using Foresight.Matching.Engine;

namespace Foresight.Matching.Orders;

/// <summary>The columns of a row of <c>markets</c> that the loop needs.</summary>
internal sealed class Market
{
    public required MarketId Id { get; init; }
    public required byte Outcomes { get; init; }
    public required int TickSize { get; init; }
    public MarketState State { get; set; }

    /// <summary>Unix seconds; null: the market closes only by command.</summary>
    public long? ClosesAt { get; init; }

    public RollingStats Stats { get; } = new();
}
