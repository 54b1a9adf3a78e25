using System.Buffers.Binary;
using System.Numerics;

namespace Foresight.Bench.Fanout;

internal sealed record DepthLevel(int Outcome, bool IsBid, int PriceTicks, long Lots);

internal sealed record DepthEvent(
    int Market,
    long Epoch,
    long Sequence,
    long Previous,
    bool Snapshot,
    DepthLevel[] Levels,
    uint[] Checksums
);

/// <summary>Follows docs/market-data.md alone, without product code, so that it finds where the two differ.</summary>
internal sealed class ClientBook
{
    private const int SummedLevels = 10;

    private static readonly Comparer<int> HighestFirst = Comparer<int>.Create((a, b) => b.CompareTo(a));

    private readonly Dictionary<(int Outcome, bool IsBid), SortedDictionary<int, long>> _sides = [];

    public long Epoch { get; private set; }

    public long Sequence { get; private set; }

    public int Gaps { get; private set; }

    public int WrongSums { get; private set; }

    public void Apply(DepthEvent message)
    {
        if (message.Snapshot)
        {
            foreach (var side in _sides.Values)
                side.Clear();
        }
        else if (message.Previous > Sequence || message.Sequence <= Sequence || message.Epoch < Epoch)
        {
            Gaps++;
        }

        (Epoch, Sequence) = (message.Epoch, message.Sequence);
        foreach (var level in message.Levels)
        {
            if (level.Lots == 0)
                Side(level.Outcome, level.IsBid).Remove(level.PriceTicks);
            else
                Side(level.Outcome, level.IsBid)[level.PriceTicks] = level.Lots;
        }

        for (var outcome = 0; outcome < message.Checksums.Length; outcome++)
            if (ChecksumOf(outcome) != message.Checksums[outcome])
                WrongSums++;
    }

    public IEnumerable<KeyValuePair<int, long>> Levels(int outcome, bool isBid) => Side(outcome, isBid);

    private SortedDictionary<int, long> Side(int outcome, bool isBid)
    {
        if (!_sides.TryGetValue((outcome, isBid), out var side))
            _sides.Add((outcome, isBid), side = new(isBid ? HighestFirst : null));
        return side;
    }

    private uint ChecksumOf(int outcome)
    {
        Span<byte> bytes = stackalloc byte[2 * (1 + (SummedLevels * 12))];
        var length = Write(bytes, Side(outcome, isBid: true));
        length += Write(bytes[length..], Side(outcome, isBid: false));
        var crc = uint.MaxValue;
        foreach (var one in bytes[..length])
            crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }

    private static int Write(Span<byte> into, SortedDictionary<int, long> levels)
    {
        var count = 0;
        foreach (var (ticks, lots) in levels)
        {
            if (count == SummedLevels)
                break;
            BinaryPrimitives.WriteInt32LittleEndian(into[(1 + (count * 12))..], ticks);
            BinaryPrimitives.WriteInt64LittleEndian(into[(5 + (count * 12))..], lots);
            count++;
        }

        into[0] = (byte)count;
        return 1 + (count * 12);
    }
}
