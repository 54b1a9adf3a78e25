using Foresight.Matching.Engine;

namespace Foresight.Matching.ChainFollowing;

/// <summary>What the chain says of a market, at one block.</summary>
public readonly record struct ChainMarket(bool IsOpen, bool IsPaused)
{
    public bool IsTrading => IsOpen && !IsPaused;
}

/// <summary>
/// Which state a market that is stopped or opened on chain gets here. Resolved and closed are for good, so they wait until they are
/// confirmed.
/// </summary>
public static class MarketRules
{
    /// <summary>
    /// A market trades here while it does on chain, both in the newest confirmed block and at the head. So a stop is obeyed at once, and
    /// one that a reorganisation undoes, which leaves no event behind, is not obeyed for ever. Null: it stays as it is.
    /// </summary>
    public static MarketState? Next(MarketState here, ChainMarket confirmed, ChainMarket atHead) =>
        (here, confirmed.IsTrading && atHead.IsTrading) switch
        {
            (MarketState.Open, false) => MarketState.Paused,
            (MarketState.Paused, true) => MarketState.Open,
            _ => null,
        };
}
