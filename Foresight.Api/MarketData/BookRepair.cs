using Npgsql;

namespace Foresight.Api.MarketData;

/// <summary>
/// Schedules reads of books from the journal. At most one read runs at a time and covers all books of a shard that need it; then the next
/// shard follows. Only the feed's loop uses it.
/// </summary>
public sealed class BookRepair(FeedInbox inbox, BookReader reader, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private readonly HashSet<BookStream> _wanted = [];
    private bool _isReading;
    private int _shardRead = -1;

    public bool Want(BookStream stream) => _wanted.Add(stream);

    public void Start()
    {
        if (_isReading || _wanted.Count == 0)
            return;
        _isReading = true;
        int[] shards = [.. _wanted.Select(stream => stream.Shard).Distinct().Order()];
        var shard = _shardRead = shards.FirstOrDefault(next => next > _shardRead, shards[0]);
        List<BookStream> streams = [.. _wanted.Where(stream => stream.Shard == shard)];
        _wanted.ExceptWith(streams);
        _ = ReadAsync(
            shard,
            [.. streams.Select(stream => stream.Market)],
            streams.Where(stream => stream.IsBinary).Select(stream => stream.Market).ToHashSet()
        );
    }

    public void End() => _isReading = false;

    private async Task ReadAsync(int shard, int[] markets, HashSet<int> binary)
    {
        BookSnapshot? snapshot = null;
        try
        {
            snapshot = await reader.ReadAsync(shard, markets, binary, inbox.Stopping);
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
