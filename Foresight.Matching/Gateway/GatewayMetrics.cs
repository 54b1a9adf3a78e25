using System.Diagnostics.Metrics;
using Foresight.Matching.Orders;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Gateway;

internal sealed class GatewayMetrics
{
    private readonly Counter<long> _signatures;
    private readonly Counter<long> _putOut;
    private long _seen;
    private long _checked;

    public GatewayMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MetricNames.Meter);
        _signatures = meter.CreateCounter<long>(
            MetricNames.GatewaySignatures,
            description: "Signed commands that came to this node's gateway."
        );
        _putOut = meter.CreateCounter<long>(MetricNames.GatewayPutOut, description: "Nodes put out for what no sound node sends.");
        // Created with a first value of 0: a counter that first appears together with its first event hides that event from rate().
        foreach (var reason in new[] { Protocol.PutOutReasons.BadSignature, Protocol.PutOutReasons.WrongCommand })
            _putOut.Add(0, new KeyValuePair<string, object?>("reason", reason));
    }

    public long SignaturesSeen => Interlocked.Read(ref _seen);

    public long SignaturesChecked => Interlocked.Read(ref _checked);

    public void Signatures(int seen, int checkedHere)
    {
        Interlocked.Add(ref _seen, seen);
        Interlocked.Add(ref _checked, checkedHere);
        _signatures.Add(checkedHere, new KeyValuePair<string, object?>("checked", "yes"));
        _signatures.Add(seen - checkedHere, new KeyValuePair<string, object?>("checked", "no"));
    }

    public void PutOut(string reason) => _putOut.Add(1, new KeyValuePair<string, object?>("reason", reason));
}

internal sealed record GatewayRates(MatchingMetrics Matching, GatewayMetrics Gateway, PutOutNodes PutOut);
