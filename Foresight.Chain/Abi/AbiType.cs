using System.Globalization;

namespace Foresight.Chain.Abi;

public enum AbiKind
{
    UInt,
    Int,
    Address,
    Bool,
    FixedBytes,
    Bytes,
    String,

    /// <summary>T[]</summary>
    Array,

    /// <summary>T[n]</summary>
    FixedArray,
    Tuple,
}

/// <summary>
/// A type of Solidity's ABI and the .NET values that stand for it: integers are <see cref="System.Numerics.BigInteger"/>,
/// address is <see cref="Address"/>, bytes32 is <see cref="Hash32"/>, other bytes are byte[], arrays and tuples are object[].
/// </summary>
public sealed record AbiType
{
    private AbiType(AbiKind kind, int size, AbiType? element, IReadOnlyList<AbiParameter> components)
    {
        (Kind, Size, Element, Components) = (kind, size, element, components);
        IsDynamic = kind switch
        {
            AbiKind.Bytes or AbiKind.String or AbiKind.Array => true,
            AbiKind.FixedArray => element!.IsDynamic,
            AbiKind.Tuple => components.Any(c => c.Type.IsDynamic),
            _ => false,
        };
        HeadSize = IsDynamic ? Word.Size : kind switch
        {
            AbiKind.FixedArray => checked(size * element!.HeadSize),
            AbiKind.Tuple => components.Sum(c => c.Type.HeadSize),
            _ => Word.Size,
        };
        Name = kind switch
        {
            AbiKind.UInt => $"uint{size}",
            AbiKind.Int => $"int{size}",
            AbiKind.Address => "address",
            AbiKind.Bool => "bool",
            AbiKind.FixedBytes => $"bytes{size}",
            AbiKind.Bytes => "bytes",
            AbiKind.String => "string",
            AbiKind.Array => element!.Name + "[]",
            AbiKind.FixedArray => $"{element!.Name}[{size}]",
            _ => $"({string.Join(',', components.Select(c => c.Type.Name))})",
        };
    }

    public AbiKind Kind { get; }

    /// <summary>Bits of an integer, bytes of bytesN, length of T[n]; else 0.</summary>
    public int Size { get; }

    /// <summary>Of arrays.</summary>
    public AbiType? Element { get; }

    /// <summary>Of tuples.</summary>
    public IReadOnlyList<AbiParameter> Components { get; }

    /// <summary>Its encoding's length depends on the value, so that the head holds an offset.</summary>
    public bool IsDynamic { get; }

    /// <summary>Bytes that it takes in the head of what encloses it.</summary>
    public int HeadSize { get; }

    /// <summary>Canonical, as in signatures: no names, no aliases.</summary>
    public string Name { get; }

    /// <exception cref="FormatException">Not an elementary type of the ABI.</exception>
    public static AbiType Elementary(string name)
    {
        switch (name)
        {
            case "address": return new(AbiKind.Address, 0, null, []);
            case "bool": return new(AbiKind.Bool, 0, null, []);
            case "bytes": return new(AbiKind.Bytes, 0, null, []);
            case "string": return new(AbiKind.String, 0, null, []);
            case "uint": return new(AbiKind.UInt, 256, null, []);
            case "int": return new(AbiKind.Int, 256, null, []);
        }

        if (Suffix(name, "uint") is { } unsigned && unsigned is > 0 and <= 256 && unsigned % 8 == 0)
            return new(AbiKind.UInt, unsigned, null, []);
        if (Suffix(name, "int") is { } signed && signed is > 0 and <= 256 && signed % 8 == 0) return new(AbiKind.Int, signed, null, []);
        if (Suffix(name, "bytes") is { } bytes && bytes is > 0 and <= 32) return new(AbiKind.FixedBytes, bytes, null, []);
        throw new FormatException($"'{Hex.Shorten(name)}' is not a type of the ABI.");
    }

    public static AbiType ArrayOf(AbiType element) => new(AbiKind.Array, 0, element, []);

    public static AbiType ArrayOf(AbiType element, int length)
        => length > 0
            ? new(AbiKind.FixedArray, length, element, [])
            : throw new FormatException("A fixed array needs at least one element.");

    public static AbiType TupleOf(IReadOnlyList<AbiParameter> components) => new(AbiKind.Tuple, 0, null, components);

    /// <summary>From text such as <c>(uint256 tradeId, (address maker, bytes signature)[] legs)[]</c>.</summary>
    public static AbiType Parse(string text) => new AbiParser(text).Whole(p => p.Type());

    public bool Equals(AbiType? other) => other is not null && Name == other.Name;

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Name;

    private static int? Suffix(string name, string prefix)
        => name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length && name[prefix.Length] is >= '1' and <= '9'
            && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <param name="IsIndexed">Of events: it is a topic, not in the data.</param>
public sealed record AbiParameter(string Name, AbiType Type, bool IsIndexed = false);
