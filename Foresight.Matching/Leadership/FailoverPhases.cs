using System.Collections.Concurrent;
using System.Globalization;

namespace Foresight.Matching.Leadership;

/// <summary>
/// How long a take-over has taken up to each of its phases: milliseconds since the term before was last seen to be alive.
/// </summary>
public sealed class FailoverPhases(TimeProvider clock, long start)
{
    /// <summary>Found that nobody holds the lease (or that the holder is gone).</summary>
    public const string Detected = "detected";

    /// <summary>Got the lease.</summary>
    public const string LeaseTaken = "lease";

    /// <summary>Ended the old sessions and took the new epoch.</summary>
    public const string Fenced = "fenced";

    /// <summary>Rebuilt the state.</summary>
    public const string Recovered = "recovered";

    public const string FirstAcknowledgement = "first_ack";

    private readonly ConcurrentDictionary<string, double> _reached = new();

    public IReadOnlyDictionary<string, double> Reached => _reached;

    /// <summary>"detected 5012 ms, lease 5020 ms, …", in the order in which they were reached.</summary>
    public override string ToString() =>
        string.Join(
            ", ",
            _reached
                .OrderBy(phase => phase.Value)
                .Select(phase => string.Create(CultureInfo.InvariantCulture, $"{phase.Key} {phase.Value:0} ms"))
        );

    /// <summary>False if it had been reached before.</summary>
    public bool Reach(string phase) => _reached.TryAdd(phase, Math.Round(clock.GetElapsedTime(start).TotalMilliseconds, 1));
}
