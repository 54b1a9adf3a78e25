using System.Numerics;

namespace Foresight.Chain.Signing;

/// <summary>Binds a signature to one chain and one market; name and version are the same for all markets.</summary>
public sealed class TypedDataDomain
{
    public const string MarketName = "Foresight Market";
    public const string MarketVersion = "1";

    private static readonly Hash32 TypeHash = Keccak256.HashText(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    public TypedDataDomain(string name, string version, BigInteger chainId, Address verifyingContract)
    {
        (Name, Version, ChainId, VerifyingContract) = (name, version, chainId, verifyingContract);
        Span<byte> words = stackalloc byte[5 * Word.Size];
        TypeHash.CopyTo(words);
        Keccak256.HashText(name).CopyTo(words[32..]);
        Keccak256.HashText(version).CopyTo(words[64..]);
        Word.Write(chainId, words[96..]);
        Word.Write(verifyingContract, words[128..]);
        Separator = Keccak256.Hash(words);
    }

    public string Name { get; }
    public string Version { get; }
    public BigInteger ChainId { get; }
    public Address VerifyingContract { get; }

    /// <summary>Cached because every digest uses it.</summary>
    public Hash32 Separator { get; }

    public static TypedDataDomain OfMarket(BigInteger chainId, Address market) => new(MarketName, MarketVersion, chainId, market);

    /// <summary>0x19 keeps what is signed from being a valid transaction (EIP-191); 0x01 marks typed data (EIP-712).</summary>
    public Hash32 Digest(Hash32 structHash) => Digest(Separator, structHash);

    internal static Hash32 Digest(Hash32 separator, Hash32 structHash)
    {
        Span<byte> bytes = stackalloc byte[66];
        bytes[0] = 0x19;
        bytes[1] = 0x01;
        separator.CopyTo(bytes[2..]);
        structHash.CopyTo(bytes[34..]);
        return Keccak256.Hash(bytes);
    }
}
