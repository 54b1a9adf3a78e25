using System.Globalization;
using System.Numerics;
using System.Text;
using Nethereum.ABI.Model;

namespace Foresight.Chain.Abi;

/// <summary>
/// Refuses what does not fit its type. Nethereum's decoder reads missing words as zero, takes any word for a bool, and loops for seconds
/// over an array that claims to be huge: an empty answer would be a balance of zero (docs/decisions/0206).
/// </summary>
internal static class AbiDecoder
{
    public static object[] Decode(IReadOnlyList<Parameter> parameters, ReadOnlySpan<byte> data)
    {
        var values = new object[parameters.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = Value(parameters[i].Type, data, i * Word.Size);
        return values;
    }

    public static object DecodeWord(string type, ReadOnlySpan<byte> word) =>
        type switch
        {
            "uint256" => Word.Read(word),
            "address" when !word[..12].ContainsAnyExcept((byte)0) => new Address(word[12..]),
            "bytes32" => new Hash32(word),
            "bool" when Word.Read(word) is { IsZero: true } or { IsOne: true } => word[31] == 1,
            _ when type.StartsWith("uint", StringComparison.Ordinal)
                    && Word.Read(word) is var number
                    && number.GetBitLength() <= int.Parse(type.AsSpan(4), CultureInfo.InvariantCulture) => number,
            _ => throw new FormatException($"{Hex.Encode(word)} is no {type} that is read here."),
        };

    private static object Value(string type, ReadOnlySpan<byte> data, int at)
    {
        switch (type)
        {
            case "bytes":
                return Tail(data, at, 1).ToArray();
            case "string":
                return Encoding.UTF8.GetString(Tail(data, at, 1));
            case not null when type.EndsWith("[]", StringComparison.Ordinal):
                var words = Tail(data, at, Word.Size);
                var items = new object[words.Length / Word.Size];
                for (var i = 0; i < items.Length; i++)
                    items[i] = DecodeWord(type[..^2], words.Slice(i * Word.Size, Word.Size));
                return items;
            default:
                return DecodeWord(type!, Slice(data, at, Word.Size));
        }
    }

    // The ABI puts a value of variable length behind the others: its word is an offset to a count, which that many elements follow.
    private static ReadOnlySpan<byte> Tail(ReadOnlySpan<byte> data, int at, int elementSize)
    {
        var start = Word.Read(Slice(data, at, Word.Size));
        var count = Word.Read(Slice(data, start, Word.Size));
        return Slice(data, start + Word.Size, count * elementSize);
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> data, BigInteger start, BigInteger length) =>
        start + length <= data.Length
            ? data.Slice((int)start, (int)length)
            : throw new FormatException($"The data has {data.Length} bytes; a value reaches beyond them.");
}
