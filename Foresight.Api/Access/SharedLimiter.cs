using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;

namespace Foresight.Api.Access;

/// <summary>
/// Limit of one caller's requests in a minute of the clock, over all nodes: each node takes parts of it from a common counter, so that
/// few requests ask there. While the counter does not answer, the node grants its share of the limit by itself.
/// </summary>
/// <remarks>
/// While the counter answers and only nodes write it, the nodes grant together at most the limit, and less by what another node has taken
/// and not used.
/// </remarks>
public sealed class SharedLimiter(string caller, int perMinute, IRequestCounter counter, TimeProvider clock) : RateLimiter
{
    public const int Parts = 20;

    private readonly int _part = Math.Max(1, perMinute / Parts);
    private readonly Lock _gate = new();
    private long _minute = Minutes.Of(clock.GetUtcNow());

    /// <summary>Requests of this minute that this node has taken from the limit, and those of them that are left.</summary>
    private int _taken;
    private int _left;

    private bool _isUsedUp;
    private Task _asking = Task.CompletedTask;

    /// <summary>Null during its minute: a limiter that is dropped forgets what it has granted.</summary>
    public override TimeSpan? IdleDuration
    {
        get
        {
            lock (_gate)
                return clock.GetUtcNow() - Minutes.EndOf(_minute) is var idle && idle > TimeSpan.Zero ? idle : null;
        }
    }

    public override RateLimiterStatistics? GetStatistics() => null;

    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        lock (_gate)
            return TryTake(permitCount) ? Lease.Granted : Refusal();
    }

    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task asking;
            lock (_gate)
            {
                if (TryTake(permitCount))
                    return Lease.Granted;
                if (_isUsedUp)
                    return Refusal();
                if (_asking.IsCompleted)
                    _asking = AskAsync(_minute);
                asking = _asking;
            }

            await asking.WaitAsync(cancellationToken);
        }
    }

    private bool TryTake(int permits)
    {
        var minute = Minutes.Of(clock.GetUtcNow());
        if (minute != _minute)
            (_minute, _taken, _left, _isUsedUp) = (minute, 0, 0, false);
        if (permits > _left)
            return false;
        _left -= permits;
        return true;
    }

    private async Task AskAsync(long minute)
    {
        var count = await counter.AddAsync(caller, minute, _part);
        lock (_gate)
        {
            if (minute != _minute)
                return;
            // Bounded by what this node has taken too, because the counter's value may be anything.
            var free = count is null
                ? Math.Max(1, perMinute / counter.Nodes) - _taken
                : Math.Min(perMinute - _taken, perMinute - (Math.Clamp(count.Value, _part, (long)int.MaxValue * 2) - _part));
            var granted = (int)Math.Clamp(free, 0, _part);
            _taken += granted;
            _left += granted;
            _isUsedUp = granted < _part;
        }
    }

    private Lease Refusal() => new(Minutes.EndOf(_minute) - clock.GetUtcNow());

    private sealed class Lease(TimeSpan? retryAfter) : RateLimitLease
    {
        public static readonly Lease Granted = new(null);

        public override bool IsAcquired => retryAfter is null;

        public override IEnumerable<string> MetadataNames => retryAfter is null ? [] : [MetadataName.RetryAfter.Name];

        public override bool TryGetMetadata(string metadataName, [NotNullWhen(true)] out object? metadata)
        {
            metadata = metadataName == MetadataName.RetryAfter.Name ? retryAfter : null;
            return metadata is not null;
        }
    }
}

/// <summary>Minutes of the clock, so that all nodes count in the same ones.</summary>
public static class Minutes
{
    public static long Of(DateTimeOffset time) => time.ToUnixTimeSeconds() / 60;

    public static DateTimeOffset StartOf(long minute) => DateTimeOffset.FromUnixTimeSeconds(minute * 60);

    public static DateTimeOffset EndOf(long minute) => StartOf(minute + 1);
}
