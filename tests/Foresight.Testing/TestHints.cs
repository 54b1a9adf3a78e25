using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Testing;

public static class TestHints
{
    public static SignedHints Of(
        string secret = TestStores.ClusterSecret,
        string nodeId = "a test",
        string? alsoAccepted = null,
        TimeProvider? time = null,
        IMeterFactory? meters = null
    ) =>
        new(
            new ClusterKeys(secret, alsoAccepted).For(SignedHints.Purpose),
            new NodeIdentity(nodeId, "test", "1.0", DateTimeOffset.UnixEpoch),
            time ?? TimeProvider.System,
            new HintMetrics(meters ?? new Meters()),
            NullLogger<SignedHints>.Instance
        );

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose() { }
    }
}
