using System.Security.Cryptography;

namespace Foresight.Chain.Signing;

/// <summary>Its text form is its address, so that a log line cannot leak the secret.</summary>
public sealed class PrivateKey
{
    private readonly byte[] _secret;

    public PrivateKey(ReadOnlySpan<byte> secret)
    {
        if (!Secp256k1.IsValidPrivateKey(secret))
            throw new ArgumentException("Not a private key: 32 bytes above zero and below the group order.", nameof(secret));
        _secret = secret.ToArray();
        Span<byte> publicKey = stackalloc byte[64];
        Secp256k1.PublicKey(_secret, publicKey);
        Address = Address.OfPublicKey(publicKey);
    }

    public Address Address { get; }

    /// <param name="text">64 hexadecimal digits, with or without 0x.</param>
    /// <exception cref="FormatException">The message omits the text, which may be a key with a typing error.</exception>
    public static PrivateKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Span<byte> secret = stackalloc byte[32];
        var prefixed = text.StartsWith("0x", StringComparison.Ordinal) ? text : "0x" + text;
        if (!Hex.TryDecode(prefixed, secret))
            throw new FormatException("Not a private key: 64 hexadecimal digits are needed.");
        try
        {
            return new PrivateKey(secret);
        }
        catch (ArgumentException)
        {
            throw new FormatException("Not a private key: it is zero or above the group order.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    public static PrivateKey Random()
    {
        Span<byte> secret = stackalloc byte[32];
        do RandomNumberGenerator.Fill(secret);
        while (!Secp256k1.IsValidPrivateKey(secret));
        var key = new PrivateKey(secret);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    /// <summary>For simulated traders and tests, never for real funds: anyone who knows the phrase has the key.</summary>
    public static PrivateKey OfPhrase(string phrase) => new(Keccak256.HashText(phrase).ToBytes());

    /// <summary>
    /// Signs the digest as it is. The caller must have hashed with a domain or a prefix, which keeps the signature from being valid
    /// as something else.
    /// </summary>
    public byte[] Sign(Hash32 digest) => EcdsaSignature.Sign(digest, _secret);

    public override string ToString() => $"key of {Address}";
}
