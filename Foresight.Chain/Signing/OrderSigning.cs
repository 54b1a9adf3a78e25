using System.Numerics;

namespace Foresight.Chain.Signing;

/// <summary>
/// Hashes, signs and checks orders. An order's identity is its EIP-712 digest, which binds it to one market of one chain, so that a
/// signature is valid in one market only. The market contract counts fills by the same hash.
/// </summary>
public static class OrderSigning
{
    /// <exception cref="OverflowException">A number is negative or exceeds 256 bits.</exception>
    public static Hash32 OrderHash(TypedDataDomain domain, in OrderMessage order) => domain.Digest(order.StructHash());

    public static Hash32 CancelHash(TypedDataDomain domain, in CancelSaltMessage cancel) => domain.Digest(cancel.StructHash());

    public static byte[] Sign(TypedDataDomain domain, in OrderMessage order, PrivateKey key) => key.Sign(OrderHash(domain, order));

    public static byte[] Sign(TypedDataDomain domain, in CancelSaltMessage cancel, PrivateKey key) => key.Sign(CancelHash(domain, cancel));

    /// <summary>First 8 bytes of keccak256(salt as 32 bytes): enough to find an account's orders with a salt.</summary>
    public static ulong SaltTag(BigInteger salt)
    {
        Span<byte> word = stackalloc byte[Word.Size];
        Word.Write(salt, word);
        return Keccak256.Hash(word).Prefix;
    }

    /// <summary>
    /// Checks whether the key of <paramref name="maker"/> signed the digest; contract wallets need <see cref="Contracts.ContractWallet"/>.
    /// </summary>
    public static SignatureVerdict Check(Hash32 digest, ReadOnlySpan<byte> signature, Address maker)
    {
        var fault = EcdsaSignature.Recover(digest, signature, out var signer);
        return new SignatureVerdict(fault, signer, IsValid: fault == SignatureFault.None && signer == maker && !maker.IsZero);
    }
}

/// <param name="Recovered">Address whose key signed; zero if <paramref name="Fault"/> is set.</param>
public readonly record struct SignatureVerdict(SignatureFault Fault, Address Recovered, bool IsValid);
