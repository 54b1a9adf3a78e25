using Foresight.Matching.Engine;

namespace Foresight.Matching.ChainFollowing;

public readonly record struct ChainMarket(bool IsOpen, bool IsPaused)
{
    public bool IsTrading => IsOpen && !IsPaused;
}

/// <summary>Resolution and closing cannot be reversed, so they wait for confirmation; until then the market is only paused.</summary>
public static class MarketRules
{
    /// <summary>
    /// A market trades here while it does on chain, both in the newest confirmed block and at the head: a stop takes effect at once, and a
    /// stop that a reorganisation undid, which leaves no event behind, does not last for ever. Null: no change.
    /// </summary>
    public static MarketState? Next(MarketState here, ChainMarket confirmed, ChainMarket atHead) =>
        (here, confirmed.IsTrading && atHead.IsTrading) switch
        {
            (MarketState.Open, false) => MarketState.Paused,
            (MarketState.Paused, true) => MarketState.Open,
            _ => null,
        };
}
