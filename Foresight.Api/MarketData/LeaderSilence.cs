namespace Foresight.Api.MarketData;

/// <summary>
/// Completes a shard's streams from the journal after a loss, or while its leader is not heard and the journal goes on: Redis delivers
/// nothing, or a leader died between commit and publication. Only the feed's loop uses it.
/// </summary>
public sealed class LeaderSilence(TimeProvider clock)
{
    /// <summary>Three missed messages: a leader is heard every second.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    /// <summary>
    /// A message that arrives this long after a reading proves that everything committed before the reading has arrived too.
    /// </summary>
    private static readonly TimeSpan DeliveryBound = TimeSpan.FromSeconds(1.5);

    private readonly Dictionary<int, Shard> _shards = [];
    private volatile bool _isReading;

    /// <summary>Volatile, because any thread may read it.</summary>
    public bool IsReading => _isReading;

    public void Hear(int shard) => Of(shard).HeardAt = clock.GetTimestamp();

    public void MissMessages()
    {
        foreach (var shard in _shards.Values)
            shard.HasMissed = true;
    }

    /// <param name="end">Of the shard's journal, just read: an older one would hide a loss.</param>
    public bool EndsIn(int shard, (long Epoch, long Sequence) end)
    {
        var state = Of(shard);
        var now = clock.GetTimestamp();
        if (state.Checked is { } earlier && clock.GetElapsedTime(earlier.At, state.HeardAt) > DeliveryBound)
            state.Delivered = earlier.End;
        state.Checked = (end, now);
        var isSilent = clock.GetElapsedTime(state.HeardAt, now) >= Longest;
        // Before the leader was ever heard, what was committed between the first reading of the books and this one may be missing. An end
        // before the one that was delivered is another end too: a promotion has lost rows, and the journal goes on with others.
        var isMissing = state.HasMissed || isSilent && state.Delivered != end;
        state.IsRead = isSilent && (isMissing || state.IsRead);
        _isReading = _shards.Values.Any(one => one.IsRead);
        if (isMissing)
            (state.HasMissed, state.Delivered) = (false, end);
        return isMissing;
    }

    private Shard Of(int number)
    {
        if (!_shards.TryGetValue(number, out var shard))
            _shards.Add(number, shard = new Shard { HeardAt = clock.GetTimestamp() });
        return shard;
    }

    private sealed class Shard
    {
        public long HeardAt { get; set; }

        /// <summary>
        /// Everything up to here has come in as messages, or was read, so any other end of the journal means a loss; null before anything
        /// shows it.
        /// </summary>
        public (long Epoch, long Sequence)? Delivered { get; set; }

        public ((long Epoch, long Sequence) End, long At)? Checked { get; set; }
        public bool HasMissed { get; set; }
        public bool IsRead { get; set; }
    }
}
