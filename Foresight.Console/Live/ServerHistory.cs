using Foresight.Protocol;

namespace Foresight.Console.Live;

/// <param name="CheckedAt">When lag and latency were measured, which is more seldom.</param>
public sealed record ServerSample(DateTimeOffset At, bool Healthy, long? LagBytes, double? LatencyMs, DateTimeOffset? CheckedAt = null);

public sealed record ServerChange(DateTimeOffset At, string Server, bool Healthy, string? Error);

/// <summary>
/// Sampled by the console, because the Api reports only the present. Shared by all operators; while no page is open there are no samples.
/// </summary>
public sealed class ServerHistory
{
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(10);

    private const int KeptChanges = 50;
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(900);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<ServerSample>> _samples = [];
    private readonly LinkedList<ServerChange> _changes = [];
    private DateTimeOffset _lastAt;

    public void Add(DateTimeOffset at, DatabaseStatus status)
    {
        lock (_gate)
        {
            if (at - _lastAt < Spacing)
                return;

            _lastAt = at;
            foreach (var server in (IEnumerable<ServerView>)[status.Primary, .. status.Replicas])
                Add(at, server);
        }
    }

    public IReadOnlyList<ServerSample> Of(string server, DateTimeOffset since)
    {
        lock (_gate)
            return _samples.TryGetValue(server, out var kept) ? [.. kept.Where(sample => sample.At >= since)] : [];
    }

    public IReadOnlyList<ServerChange> Changes()
    {
        lock (_gate)
            return [.. _changes];
    }

    private void Add(DateTimeOffset at, ServerView server)
    {
        if (!_samples.TryGetValue(server.Name, out var kept))
            _samples[server.Name] = kept = new Queue<ServerSample>();

        if (kept.Count > 0 && kept.Last().Healthy != server.Healthy)
            _changes.AddFirst(new ServerChange(at, server.Name, server.Healthy, server.Error));
        if (_changes.Count > KeptChanges)
            _changes.RemoveLast();

        kept.Enqueue(new ServerSample(at, server.Healthy, server.LagBytes, server.LatencyMs, server.CheckedAt));
        while (at - kept.Peek().At > Length)
            kept.Dequeue();
    }
}
