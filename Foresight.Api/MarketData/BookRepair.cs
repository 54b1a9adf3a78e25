using Npgsql;

namespace Foresight.Api.MarketData;

/// <summary>
/// Reads all books of a shard that need it in one query, so that an outage of Redis costs the primary one query per node and shard, and not
/// one per market. At most one read runs at a time. Only the feed's loop uses it.
/// </summary>
public sealed class BookRepair(FeedInbox inbox, BookRepair.Read readBooks, TimeProvider clock, ILogger logger)
{
    /// <inheritdoc cref="BookReader.ReadAsync"/>
    public delegate Task<BookSnapshot> Read(int shard, int[] markets, IReadOnlySet<int> binary, CancellationToken cancellationToken);

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Between two readings of a book that the first did not complete. A sender of false messages must not cause one reading after the
    /// other. Over at the next item of the feed's loop, which has a tick every second.
    /// </summary>
    public static readonly TimeSpan PauseBetween = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<BookStream> _wanted = [];
    private readonly Dictionary<BookStream, long> _failedAt = [];
    private bool _isReading;
    private int _shardRead = -1;

    public bool Want(BookStream stream) => _wanted.Add(stream);

    /// <summary>For a book that a reading has not completed.</summary>
    public void WantAfterPause(BookStream stream)
    {
        _failedAt[stream] = clock.GetTimestamp();
        _wanted.Add(stream);
    }

    public void Start()
    {
        if (_isReading || _wanted.Count == 0)
            return;
        List<BookStream> due = [.. _wanted.Where(IsDue)];
        if (due.Count == 0)
            return;
        _isReading = true;
        int[] shards = [.. due.Select(stream => stream.Shard).Distinct().Order()];
        var shard = _shardRead = shards.FirstOrDefault(next => next > _shardRead, shards[0]);
        List<BookStream> streams = [.. due.Where(stream => stream.Shard == shard)];
        foreach (var stream in streams)
        {
            _wanted.Remove(stream);
            _failedAt.Remove(stream);
            stream.BeginReading();
        }

        _ = ReadAsync(
            shard,
            [.. streams.Select(stream => stream.Market)],
            streams.Where(stream => stream.IsBinary).Select(stream => stream.Market).ToHashSet()
        );
    }

    public void End() => _isReading = false;

    private bool IsDue(BookStream stream) =>
        !_failedAt.TryGetValue(stream, out var failedAt) || clock.GetElapsedTime(failedAt) >= PauseBetween;

    private async Task ReadAsync(int shard, int[] markets, HashSet<int> binary)
    {
        BookSnapshot? snapshot = null;
        try
        {
            snapshot = await readBooks(shard, markets, binary, inbox.Stopping);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            if (inbox.Stopping.IsCancellationRequested)
                return;
            FeedLog.NotRead(logger, error.Message);
            await Task.Delay(RetryPause, clock, CancellationToken.None);
        }

        await inbox.PostAsync(new FeedItem.BooksRead(markets, snapshot));
    }
}

internal static partial class FeedLog
{
    [LoggerMessage(LogLevel.Warning, "Failed to read books from the journal: {Reason}")]
    public static partial void NotRead(ILogger logger, string reason);
}
