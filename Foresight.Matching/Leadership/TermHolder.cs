namespace Foresight.Matching.Leadership;

/// <param name="Age">
/// Time since the last renewal by the database's clock, negative after a step of it; null if the lease was given back.
/// </param>
/// <param name="Duration">Time for which each renewal of this term counts, as its holder set it: this process's own may differ.</param>
public sealed record TermHolder(string NodeId, string Address, HolderVersion Version, TimeSpan? Age, TimeSpan Duration)
{
    /// <summary>For the history: the lease was given back because an operator wanted that.</summary>
    public bool IsGivenBackForOperator { get; init; }
}

/// <summary>
/// A bid wins only if the row is still as it was judged: a holder that has renewed, or another that has taken the term meanwhile, makes it
/// lose.
/// </summary>
/// <param name="RenewedAt">Null if the lease was given back.</param>
public sealed record HolderVersion(Guid Token, DateTime? RenewedAt);
