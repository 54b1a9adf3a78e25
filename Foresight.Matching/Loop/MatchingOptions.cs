using Foresight.Matching.Orders;

namespace Foresight.Matching.Loop;

/// <summary>What a simulation makes smaller, to see in seconds what happens in days.</summary>
internal sealed record MatchingOptions
{
    public int CommandsPerSnapshot { get; init; } = MatchingLimits.CommandsPerSnapshot;
}
