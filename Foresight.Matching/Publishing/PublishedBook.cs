using Foresight.Protocol;

namespace Foresight.Matching.Publishing;

/// <summary>
/// Follows the messages and not the engine's book, so that its hash is that of a receiver who has missed none of them. Only the publisher's
/// loop uses it.
/// </summary>
internal sealed class PublishedBook
{
    private readonly Dictionary<(int Outcome, bool IsBid, int PriceTicks), (long All, long Firm)> _lots = [];
    private uint[] _hashes = [];
    private bool _isWhole;

    /// <summary>Null before the first snapshot: changes alone do not show what was there before.</summary>
    public IReadOnlyList<uint>? Hashes => _isWhole ? _hashes : null;

    public void Take(DepthMessage message)
    {
        if (message.Snapshot)
        {
            _lots.Clear();
            Array.Clear(_hashes);
            _isWhole = true;
        }

        foreach (var level in message.Levels)
        {
            if (level.Outcome >= _hashes.Length)
                Array.Resize(ref _hashes, level.Outcome + 1);

            _lots.Remove((level.Outcome, level.IsBid, level.PriceTicks), out var before);
            if (level.Lots > 0)
                _lots.Add((level.Outcome, level.IsBid, level.PriceTicks), (level.Lots, level.FirmLots));
            _hashes[level.Outcome] +=
                BookHash.OfLevel(level.IsBid, level.PriceTicks, level.Lots, level.FirmLots)
                - BookHash.OfLevel(level.IsBid, level.PriceTicks, before.All, before.Firm);
        }
    }

    /// <summary>
    /// Call when messages of the market were dropped before they were sent: receivers then do not know what this book knows.
    /// </summary>
    public void Distrust() => _isWhole = false;
}
