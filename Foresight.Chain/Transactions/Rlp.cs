using System.Numerics;

namespace Foresight.Chain.Transactions;

/// <summary>Recursive Length Prefix (Ethereum yellow paper, appendix B): each method returns one encoded item.</summary>
public static class Rlp
{
    public static byte[] Bytes(ReadOnlySpan<byte> value)
        => value.Length == 1 && value[0] < 0x80 ? [value[0]] : [.. Header(0x80, value.Length), .. value];

    /// <summary>Big-endian without leading zeros; zero is the empty string.</summary>
    public static byte[] Integer(BigInteger value)
    {
        if (value.Sign < 0) throw new OverflowException("RLP has no negative numbers.");
        return Bytes(value.IsZero ? [] : value.ToByteArray(isUnsigned: true, isBigEndian: true));
    }

    /// <param name="items">Encoded already.</param>
    public static byte[] List(params IReadOnlyList<byte[]> items)
    {
        var length = items.Sum(i => i.Length);
        var header = Header(0xc0, length);
        var list = new byte[header.Length + length];
        header.CopyTo(list, 0);
        var at = header.Length;
        foreach (var item in items)
        {
            item.CopyTo(list, at);
            at += item.Length;
        }

        return list;
    }

    private static byte[] Header(int offset, int length)
    {
        if (length <= 55) return [(byte)(offset + length)];
        var size = ((BigInteger)length).ToByteArray(isUnsigned: true, isBigEndian: true);
        return [(byte)(offset + 55 + size.Length), .. size];
    }
}
