using System.Numerics;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Contracts;

/// <summary>ERC-2612: an approval that the owner signs instead of sending it.</summary>
/// <param name="Deadline">Unix seconds.</param>
public readonly record struct PermitMessage(Address Owner, Address Spender, BigInteger Value, BigInteger Nonce, BigInteger Deadline)
{
    public const string PermitType = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";

    private static readonly Hash32 TypeHash = Keccak256.HashText(PermitType);

    /// <param name="domainSeparator">The token's own, because tokens differ in the name and version that they hash.</param>
    public Hash32 Digest(Hash32 domainSeparator)
    {
        Span<byte> words = stackalloc byte[6 * Word.Size];
        TypeHash.CopyTo(words);
        Word.Write(Owner, words[32..]);
        Word.Write(Spender, words[64..]);
        Word.Write(Value, words[96..]);
        Word.Write(Nonce, words[128..]);
        Word.Write(Deadline, words[160..]);
        return TypedDataDomain.Digest(domainSeparator, Keccak256.Hash(words));
    }
}
