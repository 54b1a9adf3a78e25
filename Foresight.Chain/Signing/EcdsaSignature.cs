namespace Foresight.Chain.Signing;

/// <summary>Why 65 bytes are not a signature, whatever was signed.</summary>
public enum SignatureFault
{
    None = 0,

    /// <summary>Not 65 bytes. 64 is EIP-2098's short form: the same signature in other bytes, so it is not accepted.</summary>
    WrongLength,

    /// <summary>The last byte is neither 27 nor 28.</summary>
    WrongV,

    /// <summary>s is above half the group order: the malleable twin of a valid signature (EIP-2).</summary>
    HighS,

    /// <summary>r or s is zero or too large, or no key can have made it.</summary>
    NoSuchKey,
}

/// <summary>Ethereum's 65-byte signatures: r, s, v. Exactly one byte string is accepted per signature and digest.</summary>
public static class EcdsaSignature
{
    /// <summary>32 bytes r, 32 bytes s, 1 byte v.</summary>
    public const int Size = 65;

    /// <summary>What is wrong with the bytes before any curve arithmetic.</summary>
    public static SignatureFault CheckForm(ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Size)
            return SignatureFault.WrongLength;
        if (signature[64] is not (27 or 28))
            return SignatureFault.WrongV;
        return signature[32..64].SequenceCompareTo(Secp256k1.HalfOrder) > 0 ? SignatureFault.HighS : SignatureFault.None;
    }

    /// <summary>The address whose key signed <paramref name="digest"/>; <see cref="Address.Zero"/> where there is a fault.</summary>
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
