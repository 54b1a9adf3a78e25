using System.Numerics;

namespace Foresight.Chain.Signing;

/// <summary>
/// Hashes, signatures and checks of orders. An order is identified by its EIP-712 digest, which binds it to one market of one
/// chain, so that one signature can never rest in two markets; the market contract counts fills under the same hash.
/// </summary>
public static class OrderSigning
{
    /// <summary>The order's identity, and what its maker signs.</summary>
    /// <exception cref="OverflowException">A number is negative or does not fit into 256 bits.</exception>
    public static Hash32 OrderHash(TypedDataDomain domain, in OrderMessage order) => domain.Digest(order.StructHash());

    public static Hash32 CancelHash(TypedDataDomain domain, in CancelSaltMessage cancel) => domain.Digest(cancel.StructHash());

    public static byte[] Sign(TypedDataDomain domain, in OrderMessage order, PrivateKey key) => key.Sign(OrderHash(domain, order));

    public static byte[] Sign(TypedDataDomain domain, in CancelSaltMessage cancel, PrivateKey key) => key.Sign(CancelHash(domain, cancel));

    /// <summary>First 8 bytes of keccak256(salt as 32 bytes): enough to find an account's orders under one salt.</summary>
    public static ulong SaltTag(BigInteger salt)
    {
        Span<byte> word = stackalloc byte[Word.Size];
        Word.Write(salt, word);
        return Keccak256.Hash(word).Prefix;
    }

    /// <summary>Did <paramref name="maker"/>'s own key sign this digest?</summary>
    public static SignatureVerdict Check(Hash32 digest, ReadOnlySpan<byte> signature, Address maker)
    {
        var fault = EcdsaSignature.Recover(digest, signature, out var signer);
        return new SignatureVerdict(fault, signer, IsValid: fault == SignatureFault.None && signer == maker && !maker.IsZero);
    }
}

/// <param name="Recovered">Whose key made the signature; zero where <paramref name="Fault"/> says why nobody's did.</param>
public readonly record struct SignatureVerdict(SignatureFault Fault, Address Recovered, bool IsValid);
