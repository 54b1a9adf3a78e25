using Npgsql;

namespace Foresight.Api.MarketData;

/// <summary>
/// Compares the books' positions with the journal's. Nothing is published before it is committed, so no book can be ahead of the journal.
/// One that is took a message of somebody else, or the journal was restored to an earlier point; either way it would pass over every
/// message that is to come. Only the feed's loop uses it.
/// </summary>
public sealed class PositionCheck(FeedInbox inbox, BookReader reader, ILogger logger)
{
    /// <summary>Seconds between two comparisons.</summary>
    private const int TicksBetween = 10;

    private int _ticks;

    /// <summary>A second has passed.</summary>
    public void Tick(IEnumerable<BookStream> streams)
    {
        if (++_ticks != TicksBetween)
            return;
        _ticks = 0;
        foreach (var shard in streams.GroupBy(stream => stream.Shard))
            _ = CompareAsync(shard.Key, [.. shard.Select(stream => (stream.Market, stream.Epoch, stream.Sequence))]);
    }

    private async Task CompareAsync(int shard, IReadOnlyList<(int Market, long Epoch, long Sequence)> seen)
    {
        try
        {
            var (epoch, sequence) = await reader.PositionAsync(shard, inbox.Stopping);
            inbox.TryPost(new FeedItem.PositionRead(shard, seen, epoch, sequence));
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // Nothing was learnt; the next comparison is in a few seconds.
            if (!inbox.Stopping.IsCancellationRequested)
                FeedLog.NotRead(logger, error.Message);
        }
    }
}
