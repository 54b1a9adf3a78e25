using Foresight.Matching.Orders;

namespace Foresight.Matching.Loop;

/// <summary>Limits that a simulation makes smaller, so that it reaches within seconds the states that take days in production.</summary>
internal sealed record MatchingOptions
{
    public int CommandsPerSnapshot { get; init; } = MatchingLimits.CommandsPerSnapshot;
}
