using System.Globalization;
using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Failovers;

/// <param name="ReachedMs">Since the leader before was last known to be alive.</param>
/// <param name="TookMs">Since the phase before; 0 if the nodes' clocks differ by more than it took.</param>
public sealed record FailoverPhase(string Name, double ReachedMs, double TookMs, string Meaning);

public static class FailoverRules
{
    public const string FirstAcknowledgement = "first_ack";

    private static readonly (string Name, string Meaning)[] Phases =
    [
        ("detected", "A follower found the lease free, or its holder gone."),
        ("lease", "Its bid won: no other node may try."),
        ("fenced", "The term is its own: nothing of an earlier one can be written any more."),
        ("recovered", "It had read from the journal what it needs; a matching engine was rebuilt from it."),
        (FirstAcknowledgement, "The first order was acknowledged."),
    ];

    public static IReadOnlyList<string> PhaseNames { get; } = [.. Phases.Select(phase => phase.Name)];

    /// <summary>Of a term, as its page's address has it.</summary>
    public static string IdOf(FailoverView failover) =>
        string.Create(CultureInfo.InvariantCulture, $"{failover.Resource}/{failover.Epoch}");

    /// <summary>In their order; one that was not reached is absent, and so is one that this version does not know.</summary>
    public static IReadOnlyList<FailoverPhase> PhasesOf(FailoverView failover)
    {
        var phases = new List<FailoverPhase>();
        var before = 0d;
        foreach (var (name, meaning) in Phases)
        {
            if (!failover.Phases.TryGetValue(name, out var reached))
                continue;

            phases.Add(new FailoverPhase(name, reached, Math.Max(0, reached - before), meaning));
            before = Math.Max(before, reached);
        }

        return phases;
    }

    /// <summary>How long nothing was acknowledged; null while that lasts, and for resources that acknowledge nothing.</summary>
    public static TimeSpan? GapOf(FailoverView failover) =>
        failover.Phases.TryGetValue(FirstAcknowledgement, out var gap) ? TimeSpan.FromMilliseconds(gap) : null;

    /// <summary>Of the whole take-over as far as it is recorded, which for settlement and reconciliation ends with the recovery.</summary>
    public static double? TookMs(FailoverView failover) => failover.Phases.Count == 0 ? null : failover.Phases.Values.Max();

    public static string InWords(FailoverView failover) =>
        string.Join(", ", PhasesOf(failover).Select(phase => $"{Format.Words(phase.Name)} {Format.Milliseconds(phase.TookMs)}"));

    public static string ToneOf(string? reason) =>
        reason switch
        {
            TakeOverReasons.Crashed => Tones.Bad,
            TakeOverReasons.LeaseExpired => Tones.Watch,
            TakeOverReasons.HandedOver or TakeOverReasons.First or TakeOverReasons.Operator => Tones.Good,
            _ => Tones.Quiet,
        };

    public static string MeaningOf(string? reason) =>
        reason switch
        {
            TakeOverReasons.First => "The resource had never had a leader.",
            TakeOverReasons.HandedOver =>
                "The leader before gave its lease back: it stopped, drained, or ended its term because of an error.",
            TakeOverReasons.Crashed => "The leader before was gone: nothing listened at its address, and its database sessions had ended.",
            TakeOverReasons.LeaseExpired =>
                "The leader before did not renew its lease in time: it was paused, cut off, or could not reach Postgres.",
            TakeOverReasons.TakenBack => "The node found its own lease of before, of which it had lost the answer.",
            TakeOverReasons.Operator =>
                "An operator had asked the leader before to step down, or had drained its node; the decisions have why.",
            null => "Not recorded: the node that took over was of an earlier version.",
            _ => "A reason of a later version than this console.",
        };

    /// <summary>Newest first. Two reads have the same term at different stages, of which the first has more.</summary>
    public static IReadOnlyList<FailoverView> Merge(IReadOnlyList<FailoverView> live, IReadOnlyList<FailoverView> history) =>
        [
            .. live.Concat(history)
                .GroupBy(failover => (failover.Resource, failover.Epoch))
                .Select(same => same.MaxBy(failover => failover.Phases.Count)!)
                .OrderByDescending(failover => failover.At),
        ];

    /// <param name="resource">Null: all.</param>
    public static IReadOnlyList<FailoverView> Filter(IReadOnlyList<FailoverView> failovers, string? resource) =>
        string.IsNullOrEmpty(resource) ? failovers : [.. failovers.Where(failover => failover.Resource == resource)];
}
