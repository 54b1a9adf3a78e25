using System.Numerics;
using System.Text;

namespace Foresight.Chain.Abi;

/// <summary>
/// Decodes what contracts return and emit. The bytes are somebody else's: every offset and length is checked against the data
/// before anything is allocated, and values that no honest encoder makes (a bool of 2, dirty padding) are refused.
/// </summary>
public static class AbiDecoder
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>An array of empty arrays can be addressed many times over in few bytes; no honest answer holds this many values.</summary>
    private const int ValueLimit = 1_000_000;

    /// <exception cref="FormatException">The data is not an encoding of these types.</exception>
    public static object[] Decode(IReadOnlyList<AbiParameter> parameters, ReadOnlySpan<byte> data)
    {
        var left = ValueLimit;
        return DecodeSequence(parameters.Count, i => parameters[i].Type, data, ref left);
    }

    private static object[] DecodeSequence(int count, Func<int, AbiType> typeAt, ReadOnlySpan<byte> data, ref int left)
    {
        if ((left -= count) < 0) throw new FormatException($"ABI data holds more than {ValueLimit} values.");
        var values = new object[count];
        var head = 0;
        for (var i = 0; i < count; i++)
        {
            var type = typeAt(i);
            if (type.IsDynamic)
            {
                var offset = Length(WordAt(data, head), data.Length, "offset");
                values[i] = DecodeTail(type, data[offset..], ref left);
            }
            else
            {
                values[i] = DecodeStatic(type, data, head, ref left);
            }

            head += type.HeadSize;
        }

        return values;
    }

    private static object DecodeTail(AbiType type, ReadOnlySpan<byte> data, ref int left)
    {
        switch (type.Kind)
        {
            case AbiKind.Bytes:
                return DynamicBytes(data).ToArray();
            case AbiKind.String:
                try
                {
                    return StrictUtf8.GetString(DynamicBytes(data));
                }
                catch (DecoderFallbackException)
                {
                    throw new FormatException("ABI data: a string is not UTF-8.");
                }

            case AbiKind.Array:
                var count = Length(WordAt(data, 0), (data.Length - Word.Size) / type.Element!.HeadSize, "array length");
                return DecodeSequence(count, _ => type.Element, data[Word.Size..], ref left);
            case AbiKind.FixedArray:
                return DecodeSequence(type.Size, _ => type.Element!, data, ref left);
            default:
                return DecodeSequence(type.Components.Count, i => type.Components[i].Type, data, ref left);
        }
    }

    private static object DecodeStatic(AbiType type, ReadOnlySpan<byte> data, int at, ref int left)
    {
        if (type.Kind is not (AbiKind.FixedArray or AbiKind.Tuple)) return DecodeWord(type, WordAt(data, at));
        var count = type.Kind == AbiKind.Tuple ? type.Components.Count : type.Size;
        if ((left -= count) < 0) throw new FormatException($"ABI data holds more than {ValueLimit} values.");
        var values = new object[count];
        for (var i = 0; i < count; i++)
        {
            var item = type.Kind == AbiKind.Tuple ? type.Components[i].Type : type.Element!;
            values[i] = DecodeStatic(item, data, at, ref left);
            at += item.HeadSize;
        }

        return values;
    }

    internal static object DecodeWord(AbiType type, ReadOnlySpan<byte> word)
    {
        switch (type.Kind)
        {
            case AbiKind.UInt:
                var unsigned = Word.Read(word);
                return unsigned.GetBitLength() <= type.Size ? unsigned : throw Dirty(type);
            case AbiKind.Int:
                var signed = new BigInteger(word, isUnsigned: false, isBigEndian: true);
                var limit = BigInteger.One << (type.Size - 1);
                return signed < limit && signed >= -limit ? signed : throw Dirty(type);
            case AbiKind.Address:
                return word[..12].ContainsAnyExcept((byte)0) ? throw Dirty(type) : new Address(word[12..]);
            case AbiKind.Bool:
                return word[..31].ContainsAnyExcept((byte)0) || word[31] > 1 ? throw Dirty(type) : word[31] == 1;
            case AbiKind.FixedBytes when type.Size == Hash32.Size:
                return new Hash32(word);
            case AbiKind.FixedBytes:
                return word[type.Size..].ContainsAnyExcept((byte)0) ? throw Dirty(type) : word[..type.Size].ToArray();
            default:
                throw new InvalidOperationException($"{type.Name} is not one word.");
        }
    }

    private static ReadOnlySpan<byte> DynamicBytes(ReadOnlySpan<byte> data)
    {
        var length = Length(WordAt(data, 0), data.Length - Word.Size, "length");
        return data.Slice(Word.Size, length);
    }

    private static ReadOnlySpan<byte> WordAt(ReadOnlySpan<byte> data, int at)
        => at <= data.Length - Word.Size
            ? data.Slice(at, Word.Size)
            : throw new FormatException($"ABI data ends at byte {data.Length}, but a word is needed at byte {at}.");

    private static int Length(ReadOnlySpan<byte> word, int limit, string what)
    {
        var value = Word.Read(word);
        return value <= limit ? (int)value : throw new FormatException($"ABI data: {what} {value} is beyond the data.");
    }

    private static FormatException Dirty(AbiType type) => new($"ABI data: a word is not a value of {type.Name}.");
}
