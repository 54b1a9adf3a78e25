using System.Collections.Concurrent;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Trust;

/// <summary>Logs dropped values at a bounded rate, because an attacker could write thousands of values a second.</summary>
internal sealed partial class HintLog(ILogger logger)
{
    private readonly ConcurrentDictionary<string, ReportPause> _pauses = new();

    public void Dropped(string kind, string key, HintRefusal refusal)
    {
        if (_pauses.GetOrAdd(kind, _ => new ReportPause(TimeProvider.System)).IsDue(out var others))
            Log.Dropped(logger, kind, key, refusal, others);
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Value of kind {Kind} in Redis ({Key}) was dropped: {Reason}; {Others} others since the last such line. "
                + "Another program writes to this Redis, or the nodes' CLUSTER_SECRET differ."
        )]
        public static partial void Dropped(ILogger logger, string kind, string key, HintRefusal reason, int others);
    }
}
