namespace Foresight.Chain.Signing;

public enum SignatureFault
{
    None = 0,

    /// <summary>
    /// Not 65 bytes. The 64 bytes of EIP-2098's short form are refused too: they are a second encoding of the same signature.
    /// </summary>
    WrongLength,

    WrongV,

    /// <summary>s exceeds half the group order: the malleable twin of a valid signature (EIP-2).</summary>
    HighS,

    /// <summary>r or s is zero or out of range, or no key can have produced them.</summary>
    NoSuchKey,
}

/// <summary>
/// Ethereum's 65-byte signatures: r, s, v. Accepts exactly one byte string per signature
/// and digest, so that a signature cannot be altered and replayed.
/// </summary>
public static class EcdsaSignature
{
    /// <summary>r has 32 bytes, s 32, v 1.</summary>
    public const int Size = 65;

    /// <summary>Checks the form without curve arithmetic, which is expensive.</summary>
    public static SignatureFault CheckForm(ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Size)
            return SignatureFault.WrongLength;
        if (signature[64] is not (27 or 28))
            return SignatureFault.WrongV;
        return signature[32..64].SequenceCompareTo(Secp256k1.HalfOrder) > 0 ? SignatureFault.HighS : SignatureFault.None;
    }

    /// <summary>Recovers the address whose key signed <paramref name="digest"/>; <see cref="Address.Zero"/> on a fault.</summary>
    public static SignatureFault Recover(Hash32 digest, ReadOnlySpan<byte> signature, out Address signer)
    {
        signer = Address.Zero;
        var fault = CheckForm(signature);
        if (fault != SignatureFault.None)
            return fault;

        Span<byte> key = stackalloc byte[64];
        if (!Secp256k1.TryRecover(digest, signature[..64], signature[64] - 27, key))
            return SignatureFault.NoSuchKey;
        signer = Address.OfPublicKey(key);
        return SignatureFault.None;
    }

    /// <summary>Signs deterministically: the same key and digest give the same 65 bytes on every machine.</summary>
    public static byte[] Sign(Hash32 digest, ReadOnlySpan<byte> privateKey)
    {
        var signature = new byte[Size];
        var recoveryId = Secp256k1.Sign(digest, privateKey, signature);

        // r + n below the field prime happens once in 2^128 signatures, and v 27/28 cannot express it.
        if (recoveryId > 1)
            throw new InvalidOperationException("This digest cannot be signed with v 27 or 28.");
        signature[64] = (byte)(27 + recoveryId);
        return signature;
    }
}
