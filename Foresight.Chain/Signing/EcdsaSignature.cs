namespace Foresight.Chain.Signing;

public enum SignatureFault
{
    None = 0,

    /// <summary>
    /// Not 65 bytes. The 64 bytes of EIP-2098's short form are refused too, because they are a second encoding of the same signature; see
    /// <see cref="EcdsaSignature.Normalize"/>.
    /// </summary>
    WrongLength,

    WrongV,

    /// <summary>s exceeds half the group order, so it is the malleable twin of a valid signature (EIP-2).</summary>
    HighS,

    NoSuchKey,
}

/// <summary>Accepts exactly one byte string for a signature and digest, so that a signature cannot be altered and replayed.</summary>
public static class EcdsaSignature
{
    public const int Size = 65;

    /// <summary>The form is cheap to check; curve arithmetic is not, so it comes after this.</summary>
    public static SignatureFault CheckForm(ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Size)
            return SignatureFault.WrongLength;
        if (signature[64] is not (27 or 28))
            return SignatureFault.WrongV;
        return signature[32..64].SequenceCompareTo(Secp256k1.HalfOrder) > 0 ? SignatureFault.HighS : SignatureFault.None;
    }

    /// <summary>
    /// Wallets also give v as 0 or 1, or the 64 bytes of EIP-2098, where the highest bit of s is the parity in v; each is a form of one
    /// signature of 65 bytes. Other bytes are returned unchanged, because a contract wallet may know their meaning.
    /// </summary>
    public static byte[] Normalize(byte[] signature)
    {
        if (signature.Length == Size && signature[64] <= 1)
            return [.. signature[..64], (byte)(27 + signature[64])];
        if (signature.Length == Size - 1)
            return [.. signature[..32], (byte)(signature[32] & 0x7F), .. signature[33..], (byte)(27 + (signature[32] >> 7))];
        return signature;
    }

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

    /// <summary>Deterministic (RFC 6979), so what is signed again has the same bytes and hash on every machine.</summary>
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
