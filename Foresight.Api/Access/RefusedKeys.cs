using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Api.Access;

/// <param name="Wrong">Wrong keys that were compared.</param>
/// <param name="Unread">Attempts after those, refused without a look at their key.</param>
public readonly record struct RefusedAttempts(int Wrong, int Unread);

/// <summary>
/// Counts wrong admin keys by address and minute of the clock, on this node. The tables are bounded, because strangers fill them: of more
/// than <see cref="MaxAddresses"/> in a minute the rest is refused and counted in the metric, but neither limited nor recorded.
/// </summary>
public sealed partial class RefusedKeys(IMeterFactory meters, TimeProvider clock, ILogger<RefusedKeys> logger)
{
    public const int MaxPerMinute = 10;
    public const int MaxAddresses = 10_000;

    private readonly Counter<long> _refused = meters
        .Create(MetricNames.Meter)
        .CreateCounter<long>(MetricNames.AdminKeysRefused, description: "Requests refused for their admin key, by reason.");

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _wrong = [];
    private Dictionary<(string Address, long Minute), RefusedAttempts> _unsaved = [];
    private long _minute;

    /// <param name="nameOf">Compares the key; not called once the address has used up its attempts.</param>
    /// <returns>The key's name or null; or the time until which the address is refused.</returns>
    public (string? Name, TimeSpan? RetryAfter) Try(string address, Func<string?> nameOf)
    {
        // Held during the comparison, so that attempts side by side are no more than attempts one by one.
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            if (Minutes.Of(now) is var minute && minute != _minute)
            {
                _minute = minute;
                _wrong.Clear();
            }

            var wrong = _wrong.GetValueOrDefault(address);
            if (wrong >= MaxPerMinute)
            {
                _refused.Add(1, new KeyValuePair<string, object?>("reason", "limited"));
                Record(address, new RefusedAttempts(0, 1));
                return (null, Minutes.EndOf(minute) - now);
            }

            if (nameOf() is { } name)
                return (name, null);
            _refused.Add(1, new KeyValuePair<string, object?>("reason", "wrong"));
            if (wrong > 0 || _wrong.Count < MaxAddresses)
            {
                _wrong[address] = wrong + 1;
                Record(address, new RefusedAttempts(1, 0));
                if (wrong == 0)
                    Log.WrongKey(logger, address);
            }

            return (null, null);
        }
    }

    /// <summary>What was refused since the last call.</summary>
    public IReadOnlyDictionary<(string Address, long Minute), RefusedAttempts> TakeUnsaved()
    {
        lock (_gate)
        {
            var unsaved = _unsaved;
            _unsaved = [];
            return unsaved;
        }
    }

    public void PutBack(IReadOnlyDictionary<(string Address, long Minute), RefusedAttempts> unsaved)
    {
        lock (_gate)
            foreach (var (of, attempts) in unsaved)
                Add(of, attempts);
    }

    private void Record(string address, RefusedAttempts attempts) => Add((address, _minute), attempts);

    private void Add((string Address, long Minute) of, RefusedAttempts attempts)
    {
        if (_unsaved.TryGetValue(of, out var before))
            _unsaved[of] = new RefusedAttempts(before.Wrong + attempts.Wrong, before.Unread + attempts.Unread);
        else if (_unsaved.Count < MaxAddresses)
            _unsaved[of] = attempts;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Wrong admin key from {Address}; GET /admin/refused-keys counts those of this minute.")]
        public static partial void WrongKey(ILogger logger, string address);
    }
}
