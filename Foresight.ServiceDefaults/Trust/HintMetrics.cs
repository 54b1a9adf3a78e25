using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.ServiceDefaults.Trust;

public sealed class HintMetrics
{
    private readonly Counter<long> _dropped;

    public HintMetrics(IMeterFactory meters)
    {
        _dropped = meters
            .Create(MetricNames.Meter)
            .CreateCounter<long>(MetricNames.HintsDropped, description: "Values in Redis not believed.");
        // From the start, because a counter that first appears with its first event hides that event from rate().
        foreach (var kind in HintKinds.All)
        {
            foreach (var refusal in Enum.GetValues<HintRefusal>())
                Add(kind, refusal, 0);
        }
    }

    public void Dropped(string kind, HintRefusal refusal) => Add(kind, refusal, 1);

    private void Add(string kind, HintRefusal refusal, long count) =>
        _dropped.Add(count, new("kind", kind), new("reason", refusal.ToString().ToLowerInvariant()));
}
