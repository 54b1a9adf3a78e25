using Foresight.Protocol;

namespace Foresight.Console.MarketData;

/// <summary>What a message about the book meant for us.</summary>
public enum BookStep
{
    /// <summary>The book is as of this message now.</summary>
    Applied,

    /// <summary>From an older epoch, or already known; nothing was done.</summary>
    Old,

    /// <summary>A message is missing before this one; the book cannot be trusted until the next snapshot.</summary>
    Gap,
}

/// <summary>One market's book, kept up from a snapshot and the changes after it. Not thread-safe.</summary>
public sealed class OrderBook
{
    private readonly Dictionary<(int Outcome, bool IsBid), SortedDictionary<int, long>> _sides = [];
    private bool _whole;

    public long Epoch { get; private set; }

    public long Sequence { get; private set; }

    /// <summary>False before the first snapshot and after a gap.</summary>
    public bool IsWhole => _whole;

    public BookStep Apply(DepthMessage message)
    {
        if (message.Snapshot)
        {
            if (message.Epoch < Epoch)
                return BookStep.Old;

            _sides.Clear();
            Take(message);
            _whole = true;
            return BookStep.Applied;
        }

        if (message.Epoch < Epoch || (message.Epoch == Epoch && message.Sequence <= Sequence))
            return BookStep.Old;

        // Each message names the one before it; the first of an epoch names none and is a snapshot, so a change that names none comes
        // after a snapshot that did not get here.
        if (!_whole || message.Previous > Sequence || (message.Epoch > Epoch && message.Previous == 0))
        {
            _whole = false;
            return BookStep.Gap;
        }

        Take(message);
        return BookStep.Applied;
    }

    public void Distrust() => _whole = false;

    /// <summary>The best levels of one side, best first.</summary>
    public IReadOnlyList<(int PriceTicks, long Lots)> Levels(int outcome, bool isBid, int count)
    {
        if (!_sides.TryGetValue((outcome, isBid), out var side))
            return [];

        var best = isBid ? side.Reverse() : side;
        return [.. best.Take(count).Select(level => (level.Key, level.Value))];
    }

    private void Take(DepthMessage message)
    {
        foreach (var change in message.Levels)
        {
            var key = (change.Outcome, change.IsBid);
            if (!_sides.TryGetValue(key, out var side))
                _sides[key] = side = [];

            // Quantities are absolute, so that a change applied twice does no harm.
            if (change.Lots == 0)
                side.Remove(change.PriceTicks);
            else
                side[change.PriceTicks] = change.Lots;
        }

        Epoch = message.Epoch;
        Sequence = message.Sequence;
    }
}
