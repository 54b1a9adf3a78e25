using System.Collections.Concurrent;
using System.Globalization;

namespace Foresight.Matching.Leadership;

/// <summary>
/// In milliseconds since the previous term was last known to be alive, because the resource has been without a leader since then.
/// </summary>
public sealed class FailoverPhases(TimeProvider clock, long start)
{
    public const string Detected = "detected";

    public const string LeaseTaken = "lease";

    public const string Fenced = "fenced";

    public const string Recovered = "recovered";

    public const string FirstAcknowledgement = "first_ack";

    private readonly ConcurrentDictionary<string, double> _reached = new();

    public IReadOnlyDictionary<string, double> Reached => _reached;

    public override string ToString() =>
        string.Join(
            ", ",
            _reached
                .OrderBy(phase => phase.Value)
                .Select(phase => string.Create(CultureInfo.InvariantCulture, $"{phase.Key} {phase.Value:0} ms"))
        );

    public bool Reach(string phase) => _reached.TryAdd(phase, Math.Round(clock.GetElapsedTime(start).TotalMilliseconds, 1));
}
