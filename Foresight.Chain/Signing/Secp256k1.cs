using Secp256k1Net;
using Library = Secp256k1Net.Secp256k1;

namespace Foresight.Chain.Signing;

/// <summary>
/// By Secp256k1.Net, because a recovery takes 40 µs there and 1,250 µs with Nethereum's BouncyCastle (docs/decisions/0205).
/// </summary>
public static class Secp256k1
{
    private const int OpaqueKeySize = 64;
    private const int OpaqueSignatureSize = 65;

    // A context is read-only after its creation, so all threads share one (include/secp256k1.h). Span arguments avoid the allocations and
    // exceptions of the package's static methods: a forged signature is an expected input.
    private static readonly Library Curve = new();

    /// <summary>The curve's group order n, big-endian (SEC 2, section 2.4.1).</summary>
    public static ReadOnlySpan<byte> Order =>
        [
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFE,
            0xBA,
            0xAE,
            0xDC,
            0xE6,
            0xAF,
            0x48,
            0xA0,
            0x3B,
            0xBF,
            0xD2,
            0x5E,
            0x8C,
            0xD0,
            0x36,
            0x41,
            0x41,
        ];

    /// <summary>n / 2. A signature has two valid values of s, so only the one up to this bound is accepted (EIP-2).</summary>
    public static ReadOnlySpan<byte> HalfOrder =>
        [
            0x7F,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0x5D,
            0x57,
            0x6E,
            0x73,
            0x57,
            0xA4,
            0x50,
            0x1D,
            0xDF,
            0xE9,
            0x2F,
            0x46,
            0x68,
            0x1B,
            0x20,
            0xA0,
        ];

    public static bool IsValidPrivateKey(ReadOnlySpan<byte> privateKey) => privateKey.Length == 32 && Curve.EcSeckeyVerify(privateKey);

    public static void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> into64)
    {
        Span<byte> key = stackalloc byte[OpaqueKeySize];
        if (!IsValidPrivateKey(privateKey) || !Curve.EcPubkeyCreate(key, privateKey))
            throw new ArgumentException("Not a private key.", nameof(privateKey));
        Serialize(key, into64);
    }

    /// <summary>Deterministic (RFC 6979, SHA-256), with the low s that EIP-2 demands. Returns the recovery id, 0 to 3.</summary>
    public static int Sign(Hash32 digest, ReadOnlySpan<byte> privateKey, Span<byte> into64)
    {
        Span<byte> message = stackalloc byte[Hash32.Size];
        Span<byte> signature = stackalloc byte[OpaqueSignatureSize];
        digest.CopyTo(message);
        if (!IsValidPrivateKey(privateKey) || !Curve.EcdsaSignRecoverable(signature, message, privateKey))
            throw new ArgumentException("Not a private key.", nameof(privateKey));
        Curve.EcdsaRecoverableSignatureSerializeCompact(into64, out var recoveryId, signature);
        return recoveryId;
    }

    /// <summary>A forged signature is an expected input, so it is false and no exception.</summary>
    public static bool TryRecover(Hash32 digest, ReadOnlySpan<byte> rs, int recoveryId, Span<byte> into64)
    {
        if (rs.Length != 64 || recoveryId is < 0 or > 3)
            return false;
        Span<byte> message = stackalloc byte[Hash32.Size];
        Span<byte> signature = stackalloc byte[OpaqueSignatureSize];
        Span<byte> key = stackalloc byte[OpaqueKeySize];
        digest.CopyTo(message);
        if (!Curve.EcdsaRecoverableSignatureParseCompact(signature, rs, recoveryId))
            return false;
        if (!Curve.EcdsaRecover(key, signature, message))
            return false;
        Serialize(key, into64);
        return true;
    }

    private static void Serialize(ReadOnlySpan<byte> key, Span<byte> into64)
    {
        Span<byte> serialized = stackalloc byte[65];
        nuint length = 65;
        Curve.EcPubkeySerialize(serialized, ref length, key, Secp256k1EcFlags.Uncompressed);
        serialized[1..].CopyTo(into64);
    }
}
