using Foresight.Protocol;

namespace Foresight.Console.Reconciliation;

/// <summary>What was decided at once about many discrepancies, so that it can be taken back.</summary>
/// <param name="Ids">Those that the Api did not refuse.</param>
/// <param name="Awaiting">How many of them wait for a second key.</param>
public sealed record BulkDecision(string Action, IReadOnlyList<long> Ids, int Awaiting, string Note)
{
    /// <summary>Only what closes them has a way back.</summary>
    public bool CanBeUndone => Action is DiscrepancyActions.Resolve or DiscrepancyActions.Ignore && Ids.Count > 0;
}
