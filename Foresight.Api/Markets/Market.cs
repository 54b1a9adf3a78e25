using Foresight.Chain;
using Foresight.Chain.Signing;

namespace Foresight.Api.Markets;

/// <param name="TickSize">1, 10 or 100 ticks.</param>
/// <param name="State">0 open, 1 paused, 2 closed, 3 resolved.</param>
public sealed record Market(
    int Id,
    Address Address,
    string Question,
    IReadOnlyList<string> Outcomes,
    int TickSize,
    short State,
    DateTimeOffset? ClosesAt,
    short? ResolvedOutcome,
    TypedDataDomain Domain,
    int Shard = 0,
    bool FirmOnly = false
)
{
    /// <summary>Both outcomes are views of one book, because buying one at q is selling the other at 1 - q.</summary>
    public bool IsBinary => Outcomes.Count == 2;
}
