using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Foresight.Chain.Signing;

/// <summary>
/// The system's libsecp256k1 with its recovery module. A context is only read after it was made, so all threads share one
/// (include/secp256k1.h: functions that take a const context are thread-safe).
/// </summary>
public sealed unsafe class NativeSecp256k1 : ISecp256k1
{
    // include/secp256k1.h: SECP256K1_FLAGS_TYPE_CONTEXT | BIT_CONTEXT_VERIFY | BIT_CONTEXT_SIGN; older releases need both bits.
    private const uint ContextFlags = 1 | (1 << 8) | (1 << 9);

    // SECP256K1_EC_UNCOMPRESSED
    private const uint Uncompressed = 1 << 1;

    // sizeof(secp256k1_ecdsa_recoverable_signature), sizeof(secp256k1_pubkey)
    private const int OpaqueSignatureSize = 65;
    private const int OpaquePublicKeySize = 64;

    // Debian bullseye ships .so.0, bookworm .so.1, trixie .so.2; the functions used here are the same in all.
    private static readonly string[] LibraryNames =
        ["libsecp256k1.so.2", "libsecp256k1.so.1", "libsecp256k1.so.0", "libsecp256k1.so", "libsecp256k1.dylib", "libsecp256k1-2.dll",
            "libsecp256k1.dll"];

    private readonly nint _context;
    private readonly delegate* unmanaged<nint, byte*, int> _verifyPrivateKey;
    private readonly delegate* unmanaged<nint, byte*, byte*, int> _createPublicKey;
    private readonly delegate* unmanaged<nint, byte*, nuint*, byte*, uint, int> _serializePublicKey;
    private readonly delegate* unmanaged<nint, byte*, byte*, byte*, nint, nint, int> _signRecoverable;
    private readonly delegate* unmanaged<nint, byte*, int*, byte*, int> _serializeCompact;
    private readonly delegate* unmanaged<nint, byte*, byte*, int, int> _parseCompact;
    private readonly delegate* unmanaged<nint, byte*, byte*, byte*, int> _recover;

    private NativeSecp256k1(nint library)
    {
        _verifyPrivateKey = (delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(library, "secp256k1_ec_seckey_verify");
        _createPublicKey = (delegate* unmanaged<nint, byte*, byte*, int>)NativeLibrary.GetExport(library, "secp256k1_ec_pubkey_create");
        _serializePublicKey = (delegate* unmanaged<nint, byte*, nuint*, byte*, uint, int>)NativeLibrary.GetExport(
            library, "secp256k1_ec_pubkey_serialize");
        _signRecoverable = (delegate* unmanaged<nint, byte*, byte*, byte*, nint, nint, int>)NativeLibrary.GetExport(
            library, "secp256k1_ecdsa_sign_recoverable");
        _serializeCompact = (delegate* unmanaged<nint, byte*, int*, byte*, int>)NativeLibrary.GetExport(
            library, "secp256k1_ecdsa_recoverable_signature_serialize_compact");
        _parseCompact = (delegate* unmanaged<nint, byte*, byte*, int, int>)NativeLibrary.GetExport(
            library, "secp256k1_ecdsa_recoverable_signature_parse_compact");
        _recover = (delegate* unmanaged<nint, byte*, byte*, byte*, int>)NativeLibrary.GetExport(library, "secp256k1_ecdsa_recover");
        var create = (delegate* unmanaged<uint, nint>)NativeLibrary.GetExport(library, "secp256k1_context_create");
        var randomize = (delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(library, "secp256k1_context_randomize");

        _context = create(ContextFlags);
        Span<byte> seed = stackalloc byte[32];
        RandomNumberGenerator.Fill(seed);

        // Blinds the signing multiplications against side channels; it does not change any signature.
        fixed (byte* pointer = seed) _ = randomize(_context, pointer);
    }

    public string Name => "libsecp256k1";

    /// <summary>Null where the machine has no libsecp256k1 with the recovery module.</summary>
    public static NativeSecp256k1? TryLoad()
    {
        foreach (var name in LibraryNames)
        {
            if (NativeLibrary.TryLoad(name, out var library) && NativeLibrary.TryGetExport(library, "secp256k1_ecdsa_recover", out _))
                return new NativeSecp256k1(library);
        }

        return null;
    }

    public bool IsValidPrivateKey(ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != 32) return false;
        fixed (byte* key = privateKey) return _verifyPrivateKey(_context, key) == 1;
    }

    public void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> into64)
    {
        RequirePrivateKey(privateKey);
        Span<byte> opaque = stackalloc byte[OpaquePublicKeySize];
        fixed (byte* key = privateKey, pub = opaque)
        {
            if (_createPublicKey(_context, pub, key) != 1) throw new ArgumentException("Not a private key.", nameof(privateKey));
        }

        Serialize(opaque, into64);
    }

    public int Sign(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> privateKey, Span<byte> into64)
    {
        RequirePrivateKey(privateKey);
        RequireSizes(digest, into64);
        Span<byte> opaque = stackalloc byte[OpaqueSignatureSize];
        int recoveryId;
        fixed (byte* message = digest, key = privateKey, signature = opaque, output = into64)
        {
            // No nonce function: the library's default is RFC 6979, and its signatures are low-s.
            if (_signRecoverable(_context, signature, message, key, 0, 0) != 1)
                throw new ArgumentException("Not a private key.", nameof(privateKey));
            _ = _serializeCompact(_context, output, &recoveryId, signature);
        }

        return recoveryId;
    }

    public bool TryRecover(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> rs, int recoveryId, Span<byte> into64)
    {
        RequireSizes(digest, into64);
        if (rs.Length != 64 || recoveryId is < 0 or > 3) return false;
        Span<byte> opaque = stackalloc byte[OpaqueSignatureSize];
        Span<byte> key = stackalloc byte[OpaquePublicKeySize];
        fixed (byte* message = digest, compact = rs, signature = opaque, pub = key)
        {
            if (_parseCompact(_context, signature, compact, recoveryId) != 1) return false;
            if (_recover(_context, pub, signature, message) != 1) return false;
        }

        Serialize(key, into64);
        return true;
    }

    private void Serialize(ReadOnlySpan<byte> opaque, Span<byte> into64)
    {
        Span<byte> serialized = stackalloc byte[65];
        nuint length = 65;
        fixed (byte* pub = opaque, output = serialized) _ = _serializePublicKey(_context, output, &length, pub, Uncompressed);
        serialized[1..].CopyTo(into64);
    }

    private void RequirePrivateKey(ReadOnlySpan<byte> privateKey)
    {
        if (!IsValidPrivateKey(privateKey)) throw new ArgumentException("Not a private key.", nameof(privateKey));
    }

    // The library reads and writes through bare pointers; sizes are checked on this side.
    private static void RequireSizes(ReadOnlySpan<byte> digest, Span<byte> into64)
    {
        if (digest.Length != 32) throw new ArgumentException("A digest has 32 bytes.", nameof(digest));
        if (into64.Length < 64) throw new ArgumentException("64 bytes are needed.", nameof(into64));
    }
}
