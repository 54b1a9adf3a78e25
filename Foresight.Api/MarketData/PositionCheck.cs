using Npgsql;

namespace Foresight.Api.MarketData;

/// <summary>
/// Compares the positions of the books with the journal. Messages are published after their commit, so a book cannot be ahead of the
/// journal. If one is, it applied a forged message, or the journal was restored to an earlier point; it would then ignore every later
/// message as a duplicate. Only the feed's loop uses it.
/// </summary>
public sealed class PositionCheck(FeedInbox inbox, BookReader reader, ILogger logger)
{
    /// <summary>Seconds between two comparisons.</summary>
    private const int TicksBetween = 10;

    private int _ticks;

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
            // The read failed, so there is nothing to compare; the next attempt follows in a few seconds.
            if (!inbox.Stopping.IsCancellationRequested)
                FeedLog.NotRead(logger, error.Message);
        }
    }
}
