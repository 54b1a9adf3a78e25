using Foresight.Protocol;

namespace Foresight.Console.MarketData;

public enum BookStep
{
    Applied,

    Old,

    /// <summary>A message before it is missing, so the book is invalid until the next snapshot.</summary>
    Gap,
}

public sealed class OrderBook
{
    private readonly Dictionary<(int Outcome, bool IsBid), SortedDictionary<int, (long All, long Firm)>> _sides = [];
    private bool _whole;

    public long Epoch { get; private set; }

    public long Sequence { get; private set; }

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

        // Each message names its predecessor. The first of an epoch is a snapshot and names none, so a change without one follows a
        // snapshot that was lost.
        if (!_whole || message.Previous > Sequence || (message.Epoch > Epoch && message.Previous == 0))
        {
            _whole = false;
            return BookStep.Gap;
        }

        Take(message);
        return BookStep.Applied;
    }

    public void Distrust() => _whole = false;

    public IReadOnlyList<(int PriceTicks, long Lots, long FirmLots)> Levels(int outcome, bool isBid, int count)
    {
        if (!_sides.TryGetValue((outcome, isBid), out var side))
            return [];

        var best = isBid ? side.Reverse() : side;
        return [.. best.Take(count).Select(level => (level.Key, level.Value.All, level.Value.Firm))];
    }

    private void Take(DepthMessage message)
    {
        foreach (var change in message.Levels)
        {
            var key = (change.Outcome, change.IsBid);
            if (!_sides.TryGetValue(key, out var side))
                _sides[key] = side = [];

            // Applying a change twice is harmless, because quantities are absolute.
            if (change.Lots == 0)
                side.Remove(change.PriceTicks);
            else
                side[change.PriceTicks] = (change.Lots, change.FirmLots);
        }

        Epoch = message.Epoch;
        Sequence = message.Sequence;
    }
}
