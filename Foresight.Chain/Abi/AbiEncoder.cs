using System.Collections;
using System.Numerics;
using System.Text;

namespace Foresight.Chain.Abi;

/// <summary>Solidity's ABI encoding (docs.soliditylang.org, "Formal Specification of the Encoding"): heads first, then tails.</summary>
public static class AbiEncoder
{
    /// <exception cref="ArgumentException">A value does not fit its type; the message names the parameter.</exception>
    public static byte[] Encode(IReadOnlyList<AbiParameter> parameters, params IReadOnlyList<object?> values)
    {
        var buffer = new AbiBuffer();
        EncodeSequence(buffer, parameters.Count, i => parameters[i].Type, values, i => parameters[i].Name);
        return buffer.ToArray();
    }

    private static void EncodeSequence(
        AbiBuffer buffer, int count, Func<int, AbiType> typeAt, IReadOnlyList<object?> values, Func<int, string> nameAt)
    {
        if (values.Count != count) throw new ArgumentException($"{count} values are needed, not {values.Count}.", nameof(values));
        var start = buffer.Length;
        var headSize = 0;
        for (var i = 0; i < count; i++) headSize += typeAt(i).HeadSize;
        buffer.Extend(headSize);

        var head = start;
        for (var i = 0; i < count; i++)
        {
            var type = typeAt(i);
            try
            {
                if (type.IsDynamic)
                {
                    Word.Write(buffer.Length - start, buffer.At(head));
                    EncodeTail(buffer, type, values[i]);
                }
                else
                {
                    EncodeStatic(buffer, head, type, values[i]);
                }
            }
            catch (Exception e) when (e is ArgumentException or OverflowException or InvalidCastException)
            {
                throw new ArgumentException($"{nameAt(i)} ({type.Name}): {e.Message}", nameof(values), e);
            }

            head += type.HeadSize;
        }
    }

    private static void EncodeTail(AbiBuffer buffer, AbiType type, object? value)
    {
        switch (type.Kind)
        {
            case AbiKind.Bytes:
                buffer.AppendBytes(Bytes(value));
                break;
            case AbiKind.String:
                buffer.AppendBytes(Encoding.UTF8.GetBytes(value as string ?? throw Wrong(value)));
                break;
            case AbiKind.Array:
                var items = Items(value);
                Word.Write(items.Count, buffer.At(buffer.Extend(Word.Size)));
                EncodeSequence(buffer, items.Count, _ => type.Element!, items, i => $"[{i}]");
                break;
            case AbiKind.FixedArray:
                EncodeSequence(buffer, type.Size, _ => type.Element!, Items(value), i => $"[{i}]");
                break;
            default:
                EncodeSequence(buffer, type.Components.Count, i => type.Components[i].Type, Items(value), i => type.Components[i].Name);
                break;
        }
    }

    private static void EncodeStatic(AbiBuffer buffer, int at, AbiType type, object? value)
    {
        switch (type.Kind)
        {
            case AbiKind.FixedArray:
            case AbiKind.Tuple:
                var items = Items(value);
                var count = type.Kind == AbiKind.Tuple ? type.Components.Count : type.Size;
                if (items.Count != count) throw new ArgumentException($"{count} values are needed, not {items.Count}.", nameof(value));
                for (var i = 0; i < count; i++)
                {
                    var item = type.Kind == AbiKind.Tuple ? type.Components[i].Type : type.Element!;
                    EncodeStatic(buffer, at, item, items[i]);
                    at += item.HeadSize;
                }

                break;
            default:
                EncodeWord(buffer.At(at), type, value);
                break;
        }
    }

    /// <summary>One elementary value in one word, as heads and topics hold it.</summary>
    internal static void EncodeWord(Span<byte> into, AbiType type, object? value)
    {
        into = into[..Word.Size];
        switch (type.Kind)
        {
            case AbiKind.UInt:
                var unsigned = Integer(value);
                if (unsigned.Sign < 0 || unsigned.GetBitLength() > type.Size) throw new OverflowException($"{unsigned} is out of range.");
                Word.Write(unsigned, into);
                break;
            case AbiKind.Int:
                var signed = Integer(value);
                var limit = BigInteger.One << (type.Size - 1);
                if (signed >= limit || signed < -limit) throw new OverflowException($"{signed} is out of range.");
                Word.Write(signed.Sign < 0 ? signed + (BigInteger.One << 256) : signed, into);
                break;
            case AbiKind.Address:
                Word.Write(value is Address address ? address : throw Wrong(value), into);
                break;
            case AbiKind.Bool:
                Word.Write(value is bool flag ? flag : throw Wrong(value), into);
                break;
            case AbiKind.FixedBytes:
                var bytes = Bytes(value);
                if (bytes.Length != type.Size)
                    throw new ArgumentException($"{type.Size} bytes are needed, not {bytes.Length}.", nameof(value));
                into.Clear();
                bytes.CopyTo(into);
                break;
            default:
                throw new InvalidOperationException($"{type.Name} is not one word.");
        }
    }

    private static BigInteger Integer(object? value) => value switch
    {
        BigInteger big => big,
        int number => number,
        long number => number,
        uint number => number,
        ulong number => number,
        byte number => number,
        short number => number,
        ushort number => number,
        _ => throw Wrong(value),
    };

    private static ReadOnlySpan<byte> Bytes(object? value) => value switch
    {
        byte[] bytes => bytes,
        ReadOnlyMemory<byte> memory => memory.Span,
        Hash32 hash => hash.ToBytes(),
        _ => throw Wrong(value),
    };

    private static IReadOnlyList<object?> Items(object? value) => value switch
    {
        IReadOnlyList<object?> list => list,
        byte[] => throw Wrong(value),
        IEnumerable sequence and not string => [.. sequence.Cast<object?>()],
        _ => throw Wrong(value),
    };

    private static ArgumentException Wrong(object? value) =>
        new($"a value of {value?.GetType().Name ?? "null"} cannot be encoded as this type.");
}

/// <summary>A growing byte array that can be written at any place.</summary>
internal sealed class AbiBuffer
{
    private byte[] _bytes = new byte[512];

    public int Length { get; private set; }

    public Span<byte> At(int index) => _bytes.AsSpan(index, Length - index);

    /// <summary>Appends zeros; returns where they begin.</summary>
    public int Extend(int count)
    {
        var start = Length;
        if (Length + count > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        Length += count;
        return start;
    }

    /// <summary>Length word, bytes, zeros up to a whole word.</summary>
    public void AppendBytes(ReadOnlySpan<byte> bytes)
    {
        var padded = (bytes.Length + Word.Size - 1) / Word.Size * Word.Size;
        var start = Extend(Word.Size + padded);
        Word.Write(bytes.Length, At(start));
        bytes.CopyTo(At(start + Word.Size));
    }

    public byte[] ToArray() => _bytes.AsSpan(0, Length).ToArray();
}
