using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Keeps both outcomes of a binary market, although each mirrors the other, because changes arrive and leave in that form. Not thread-safe.
/// </summary>
public sealed class Book
{
    private static readonly IComparer<int> HighestFirst = Comparer<int>.Create((a, b) => b.CompareTo(a));

    private readonly Side[] _sides;

    /// <summary>Apart, because most levels have none.</summary>
    private readonly Dictionary<(int Outcome, bool IsBid, int Ticks), long> _firmLots = [];

    public Book(int outcomes)
    {
        Outcomes = outcomes;
        _sides = [.. Enumerable.Range(0, outcomes).Select(_ => new Side())];
    }

    public int Outcomes { get; }

    /// <summary>Price in ticks to quantity in lots, best price first.</summary>
    public SortedDictionary<int, long> Bids(int outcome) => _sides[outcome].Bids;

    public SortedDictionary<int, long> Asks(int outcome) => _sides[outcome].Asks;

    /// <summary>The part of a level that is paid from the vault.</summary>
    public long FirmLots(int outcome, bool isBid, int ticks) =>
        _firmLots.Count == 0 ? 0 : _firmLots.GetValueOrDefault((outcome, isBid, ticks));

    /// <summary>Applying a change twice is harmless, because quantities are absolute.</summary>
    public void Apply(IEnumerable<LevelChange> changes)
    {
        foreach (var change in changes)
        {
            if ((uint)change.Outcome >= (uint)Outcomes)
                continue;
            var side = change.IsBid ? Bids(change.Outcome) : Asks(change.Outcome);
            if (change.Lots == 0)
                side.Remove(change.PriceTicks);
            else
                side[change.PriceTicks] = change.Lots;
            if (change.FirmLots > 0)
                _firmLots[(change.Outcome, change.IsBid, change.PriceTicks)] = change.FirmLots;
            else if (_firmLots.Count > 0)
                _firmLots.Remove((change.Outcome, change.IsBid, change.PriceTicks));
        }
    }

    public void Replace(IEnumerable<LevelChange> levels)
    {
        foreach (var side in _sides)
        {
            side.Bids.Clear();
            side.Asks.Clear();
        }

        _firmLots.Clear();

        Apply(levels);
    }

    public bool HasLevels(IEnumerable<LevelChange> levels)
    {
        var count = 0;
        foreach (var level in levels)
        {
            count++;
            var side = level.IsBid ? Bids(level.Outcome) : Asks(level.Outcome);
            if (!side.TryGetValue(level.PriceTicks, out var lots) || lots != level.Lots)
                return false;
            if (FirmLots(level.Outcome, level.IsBid, level.PriceTicks) != level.FirmLots)
                return false;
        }

        return count == _sides.Sum(side => side.Bids.Count + side.Asks.Count);
    }

    /// <summary>
    /// The leader's last outcomes may be missing if they are empty, because it hashes an outcome from its first level on.
    /// </summary>
    /// <param name="hashes"><see cref="BookHash"/> of each outcome.</param>
    public bool HasHashes(IReadOnlyList<uint> hashes)
    {
        for (var outcome = 0; outcome < Outcomes; outcome++)
        {
            var hash = 0u;
            foreach (var (ticks, lots) in Bids(outcome))
                hash += BookHash.OfLevel(isBid: true, ticks, lots, FirmLots(outcome, isBid: true, ticks));
            foreach (var (ticks, lots) in Asks(outcome))
                hash += BookHash.OfLevel(isBid: false, ticks, lots, FirmLots(outcome, isBid: false, ticks));
            if (hash != (outcome < hashes.Count ? hashes[outcome] : 0))
                return false;
        }

        return true;
    }

    public IReadOnlyList<LevelChange> Levels()
    {
        var levels = new List<LevelChange>();
        for (var outcome = 0; outcome < Outcomes; outcome++)
        {
            foreach (var (ticks, lots) in Bids(outcome))
                levels.Add(new LevelChange(outcome, IsBid: true, ticks, lots, FirmLots(outcome, isBid: true, ticks)));
            foreach (var (ticks, lots) in Asks(outcome))
                levels.Add(new LevelChange(outcome, IsBid: false, ticks, lots, FirmLots(outcome, isBid: false, ticks)));
        }

        return levels;
    }

    public uint[] Checksums()
    {
        var checksums = new uint[Outcomes];
        for (var outcome = 0; outcome < Outcomes; outcome++)
            checksums[outcome] = BookChecksum.Of(Bids(outcome), Asks(outcome));
        return checksums;
    }

    private sealed class Side
    {
        public SortedDictionary<int, long> Bids { get; } = new(HighestFirst);
        public SortedDictionary<int, long> Asks { get; } = [];
    }
}
