using System.Buffers.Binary;
using System.Numerics;

namespace Foresight.Api.MarketData;

/// <summary>
/// Lets a client verify its copy of a book. CRC32C over (docs/market-data.md) the number of bid levels (1 byte), then each bid, best first,
/// as price in ticks (4 bytes) and lots (8 bytes), both little-endian; then the same for the asks.
/// </summary>
public static class BookChecksum
{
    public const int Levels = 10;

    public static uint Of(IEnumerable<KeyValuePair<int, long>> bids, IEnumerable<KeyValuePair<int, long>> asks)
    {
        Span<byte> bytes = stackalloc byte[2 * (1 + (Levels * 12))];
        var length = Write(bytes, bids);
        length += Write(bytes[length..], asks);
        return OfBytes(bytes[..length]);
    }

    public static uint OfBytes(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (var one in bytes)
            crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }

    private static int Write(Span<byte> into, IEnumerable<KeyValuePair<int, long>> levels)
    {
        var count = 0;
        foreach (var (ticks, lots) in levels)
        {
            if (count == Levels)
                break;
            BinaryPrimitives.WriteInt32LittleEndian(into[(1 + (count * 12))..], ticks);
            BinaryPrimitives.WriteInt64LittleEndian(into[(5 + (count * 12))..], lots);
            count++;
        }

        into[0] = (byte)count;
        return 1 + (count * 12);
    }
}
