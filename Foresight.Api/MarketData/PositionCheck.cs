using Npgsql;

namespace Foresight.Api.MarketData;

/// <summary>
/// Messages are published after their commit, so a stream cannot be ahead of the journal. If one is, it applied a forged message, or the
/// journal was restored to an earlier point; it would then ignore every later message as a duplicate. Only the feed's loop uses it.
/// </summary>
public sealed class PositionCheck(FeedInbox inbox, Func<int, CancellationToken, Task<JournalPosition>> readPosition, ILogger logger)
{
    /// <summary>In ticks of a second. <see cref="JournalGate.MaxAhead"/> relies on it: a position is 3 s old at most.</summary>
    private const int TicksBetween = 3;

    private int _ticks;

    /// <summary>Number of the last reading that began, of any shard.</summary>
    public long Begun { get; private set; }

    /// <param name="positions">Of each stream: a market's book and its trades are two.</param>
    public void Tick(IEnumerable<(int Shard, int Market, long Epoch, long Sequence)> positions)
    {
        if (++_ticks != TicksBetween)
            return;
        _ticks = 0;
        foreach (var shard in positions.GroupBy(position => position.Shard))
            Read(shard.Key, [.. shard.Select(position => (position.Market, position.Epoch, position.Sequence))]);
    }

    /// <param name="seen">Positions to compare, taken before the journal is read.</param>
    public void Read(int shard, IReadOnlyList<(int Market, long Epoch, long Sequence)> seen) => _ = ReadAsync(++Begun, shard, seen);

    private async Task ReadAsync(long number, int shard, IReadOnlyList<(int Market, long Epoch, long Sequence)> seen)
    {
        try
        {
            var position = await readPosition(shard, inbox.Stopping);
            inbox.TryPost(new FeedItem.PositionRead(shard, number, seen, position));
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // Without a position there is nothing to compare; the next attempt follows in a few seconds.
            if (!inbox.Stopping.IsCancellationRequested)
                FeedLog.NotRead(logger, error.Message);
        }
    }
}
