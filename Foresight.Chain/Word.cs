using System.Numerics;

namespace Foresight.Chain;

public static class Word
{
    public const int Size = 32;

    public static readonly BigInteger MaxUInt256 = (BigInteger.One << 256) - 1;

    public static void Write(BigInteger value, Span<byte> into)
    {
        into = into[..Size];
        if (value.Sign < 0)
            throw new OverflowException("A uint256 cannot be negative.");
        into.Clear();
        var count = value.GetByteCount(isUnsigned: true);
        if (count > Size)
            throw new OverflowException("A value does not fit into a uint256.");
        value.TryWriteBytes(into[(Size - count)..], out _, isUnsigned: true, isBigEndian: true);
    }

    public static void Write(Address value, Span<byte> into)
    {
        into[..12].Clear();
        value.CopyTo(into[12..]);
    }

    public static void Write(bool value, Span<byte> into)
    {
        into[..Size].Clear();
        into[31] = value ? (byte)1 : (byte)0;
    }

    public static BigInteger Read(ReadOnlySpan<byte> word) => new(word[..Size], isUnsigned: true, isBigEndian: true);

    public static byte[] ToBytes(BigInteger value)
    {
        var bytes = new byte[Size];
        Write(value, bytes);
        return bytes;
    }
}
