using Foresight.Matching.Engine;

namespace Foresight.Matching.Orders;

internal sealed class Market
{
    public required MarketId Id { get; init; }
    public required byte Outcomes { get; init; }
    public required int TickSize { get; init; }

    /// <summary>An order of the wallet is refused. Only read when the market is listed: the engine keeps it.</summary>
    public bool FirmOnly { get; init; }

    public MarketState State { get; set; }

    /// <summary>Unix seconds; null: the market closes only by command.</summary>
    public long? ClosesAt { get; init; }

    /// <summary>State that operators want; null: they want none in particular.</summary>
    public MarketState? Wanted { get; init; }

    public RollingStats Stats { get; } = new();
}
