using Foresight.Console.Live;
using Foresight.Console.Problems;
using Foresight.Protocol;

namespace Foresight.Console.Reconciliation;

/// <summary>Good is only what was compared lately: yesterday's result is no evidence for today.</summary>
public static class ReconciliationTones
{
    public static string OfOpen(ReconciliationStatus status, DateTimeOffset now) =>
        status.OpenDiscrepancies > 0 ? Tones.Watch
        : Agrees(status, now) ? Tones.Good
        : "";

    public static string OfSolvency(ReconciliationStatus status, DateTimeOffset now) =>
        status.Solvency is not { } sums ? ""
        : sums.Delta != "0" ? Tones.Watch
        : IsOld(sums.At, status, now) ? ""
        : Tones.Good;

    /// <summary>Whether the last run has compared, and lately.</summary>
    public static bool Agrees(ReconciliationStatus status, DateTimeOffset now) =>
        status.LastRun is { State: not RunStates.Failed } && !ProblemRules.IsOverdue(status, now);

    private static bool IsOld(DateTimeOffset at, ReconciliationStatus status, DateTimeOffset now) =>
        status.Interval > TimeSpan.Zero && now - at > status.Interval * ProblemRules.MissedRuns;
}
