using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Redis;

/// <summary>Logs at a bounded rate for each channel, because anyone with access to Redis can send messages that are not believed.</summary>
public sealed partial class DroppedMessages(IMeterFactory meters, TimeProvider clock, ILogger<DroppedMessages> logger)
{
    public const string Flood = "flood";
    public const string NotUnderstood = "malformed";

    private readonly Counter<long> _dropped = meters
        .Create(MetricNames.Meter)
        .CreateCounter<long>(MetricNames.PubSubDropped, description: "Messages of Redis that were not believed, by channel and reason.");

    private readonly ConcurrentDictionary<string, ReportPause> _pauses = new();

    public static string ReasonOf(SealFault fault) =>
        fault switch
        {
            SealFault.Unsealed => "unsealed",
            SealFault.Oversized => "oversized",
            SealFault.UnknownKey => "unknown_key",
            SealFault.Forged => "forged",
            SealFault.Stale => "stale",
            SealFault.Replayed => "replayed",
            SealFault.TooManySenders => "too_many_senders",
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "A message without a fault is not dropped."),
        };

    /// <param name="channel">Without the cluster's prefix; one of few, because each has its own series and log line.</param>
    /// <param name="reason">A constant of this class, or <see cref="ReasonOf"/> a fault.</param>
    public void Count(string channel, string reason)
    {
        _dropped.Add(1, new("channel", channel), new KeyValuePair<string, object?>("reason", reason));
        if (_pauses.GetOrAdd(channel, _ => new ReportPause(clock)).IsDue(out var others))
            Log.Dropped(logger, channel, reason, others);
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Dropped message on channel {Channel}: {Reason}. {Others} more were dropped since the last report (at most one report "
                + "a minute)."
        )]
        public static partial void Dropped(ILogger logger, string channel, string reason, int others);
    }
}
