using System.Collections.Concurrent;
using System.Globalization;

namespace Foresight.Matching.Leadership;

/// <summary>Duration of a take-over up to each of its phases, in milliseconds since the previous term was last known to be alive.</summary>
public sealed class FailoverPhases(TimeProvider clock, long start)
{
    /// <summary>The lease was found free, or its holder dead.</summary>
    public const string Detected = "detected";

    /// <summary>The bid for the lease won.</summary>
    public const string LeaseTaken = "lease";

    /// <summary>The old holder's database sessions were terminated and the new epoch committed.</summary>
    public const string Fenced = "fenced";

    /// <summary>The matching state was rebuilt from the journal.</summary>
    public const string Recovered = "recovered";

    public const string FirstAcknowledgement = "first_ack";

    private readonly ConcurrentDictionary<string, double> _reached = new();

    public IReadOnlyDictionary<string, double> Reached => _reached;

    /// <summary>Formats the phases in the order in which they were reached: "detected 5012 ms, lease 5020 ms, …".</summary>
    public override string ToString() =>
        string.Join(
            ", ",
            _reached
                .OrderBy(phase => phase.Value)
                .Select(phase => string.Create(CultureInfo.InvariantCulture, $"{phase.Key} {phase.Value:0} ms"))
        );

    /// <summary>Records the phase; false if it was reached before.</summary>
    public bool Reach(string phase) => _reached.TryAdd(phase, Math.Round(clock.GetElapsedTime(start).TotalMilliseconds, 1));
}
