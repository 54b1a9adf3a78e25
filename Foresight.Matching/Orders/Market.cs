using Foresight.Matching.Engine;

namespace Foresight.Matching.Orders;

/// <summary>A market as the loop needs it, from table <c>markets</c>.</summary>
internal sealed class Market
{
    public required MarketId Id { get; init; }
    public required byte Outcomes { get; init; }
    public required int TickSize { get; init; }
    public MarketState State { get; set; }

    /// <summary>Unix seconds; null: only by command.</summary>
    public long? ClosesAt { get; init; }

    public RollingStats Stats { get; } = new();
}
