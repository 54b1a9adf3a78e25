namespace Foresight.Chain.Signing;

/// <summary>
/// The curve operations that Ethereum needs. Two bodies: the system's libsecp256k1 (about 60 µs for a recovery) and
/// BouncyCastle (about 4 ms), for machines without the library. One test suite runs over both.
/// </summary>
public interface ISecp256k1
{
    /// <summary>"libsecp256k1" or "bouncycastle"; for logs.</summary>
    string Name { get; }

    /// <summary>False where the 32 bytes are zero or not below the group order: no private key.</summary>
    bool IsValidPrivateKey(ReadOnlySpan<byte> privateKey);

    /// <summary>The uncompressed public key, x and y, without the 04 prefix.</summary>
    /// <exception cref="ArgumentException">Not a private key.</exception>
    void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> into64);

    /// <summary>Deterministic (RFC 6979, SHA-256) and low-s. Writes r and s; returns the recovery id, 0..3.</summary>
    /// <exception cref="ArgumentException">Not a private key.</exception>
    int Sign(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> privateKey, Span<byte> into64);

    /// <summary>False where no public key has this signature: r or s out of range, or r no coordinate of a point.</summary>
    bool TryRecover(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> rs, int recoveryId, Span<byte> into64);
}

/// <summary>Chooses the backend once for the process.</summary>
public static class Secp256k1
{
    /// <summary>The curve's group order n, big-endian (SEC 2, section 2.4.1).</summary>
    public static ReadOnlySpan<byte> Order =>
    [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE,
        0xBA, 0xAE, 0xDC, 0xE6, 0xAF, 0x48, 0xA0, 0x3B, 0xBF, 0xD2, 0x5E, 0x8C, 0xD0, 0x36, 0x41, 0x41,
    ];

    /// <summary>n / 2: of the two valid values of s for one signature only the one that is not above this is accepted (EIP-2).</summary>
    public static ReadOnlySpan<byte> HalfOrder =>
    [
        0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0x5D, 0x57, 0x6E, 0x73, 0x57, 0xA4, 0x50, 0x1D, 0xDF, 0xE9, 0x2F, 0x46, 0x68, 0x1B, 0x20, 0xA0,
    ];

    /// <summary>libsecp256k1 where the machine has it, else BouncyCastle.</summary>
    public static ISecp256k1 Fastest { get; } = (ISecp256k1?)NativeSecp256k1.TryLoad() ?? new ManagedSecp256k1();
}
