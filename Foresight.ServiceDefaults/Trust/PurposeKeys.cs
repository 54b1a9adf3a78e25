using System.Security.Cryptography;

namespace Foresight.ServiceDefaults.Trust;

/// <summary>Safe for concurrent use, because each call hashes by itself.</summary>
public sealed class PurposeKeys
{
    public const int TagBytes = HMACSHA256.HashSizeInBytes;

    private readonly (string Id, byte[] Key)[] _keys;

    internal PurposeKeys((string Id, byte[] Key)[] keys) => _keys = keys;

    public string CurrentId => _keys[0].Id;

    public PurposeMac ForOneThread() => new(_keys);

    public IEnumerable<string> Ids => _keys.Select(key => key.Id);

    public byte[] Sign(ReadOnlySpan<byte> content) => HMACSHA256.HashData(_keys[0].Key, content);

    /// <summary>
    /// Compares in constant time, so that an attacker cannot guess a tag byte by byte. False for an unknown key or a wrong length too.
    /// </summary>
    public bool Matches(string keyId, ReadOnlySpan<byte> content, ReadOnlySpan<byte> tag)
    {
        if (tag.Length != TagBytes || Find(keyId) is not { } key)
            return false;
        Span<byte> expected = stackalloc byte[TagBytes];
        HMACSHA256.HashData(key, content, expected);
        return CryptographicOperations.FixedTimeEquals(expected, tag);
    }

    /// <summary>The same on every node, so that a node can recompute what another has; null if the key id is unknown.</summary>
    /// <param name="context">What the key is for. Another context gives a key that has nothing to do with this one.</param>
    public byte[]? Derive(string keyId, ReadOnlySpan<byte> context) =>
        Find(keyId) is { } key ? HMACSHA256.HashData(key, (byte[])[.. "derived "u8, .. context]) : null;

    private byte[]? Find(string keyId)
    {
        foreach (var (id, key) in _keys)
            if (id == keyId)
                return key;
        return null;
    }
}
