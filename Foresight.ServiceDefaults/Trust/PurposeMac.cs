using System.Security.Cryptography;

namespace Foresight.ServiceDefaults.Trust;

/// <summary>
/// For one thread at a time: the state of the hash is kept between calls, which halves the time for a message of a few hundred bytes (0.5
/// instead of 1.4 µs).
/// </summary>
public sealed class PurposeMac
{
    private readonly (string Id, IncrementalHash Hash)[] _keys;

    internal PurposeMac((string Id, byte[] Key)[] keys) =>
        _keys = [.. keys.Select(key => (key.Id, IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Key)))];

    public string CurrentId => _keys[0].Id;

    /// <param name="tag">Receives <see cref="PurposeKeys.TagBytes"/> bytes.</param>
    public void Sign(ReadOnlySpan<byte> content, Span<byte> tag) => Sign(_keys[0].Hash, content, tag);

    /// <param name="keyId">In ASCII, as it stands in a message.</param>
    /// <returns>Null for an unknown key, which is another fault than a wrong tag.</returns>
    public bool? Matches(ReadOnlySpan<byte> keyId, ReadOnlySpan<byte> content, ReadOnlySpan<byte> tag)
    {
        foreach (var (id, hash) in _keys)
        {
            if (!System.Text.Ascii.Equals(keyId, id))
                continue;
            Span<byte> expected = stackalloc byte[PurposeKeys.TagBytes];
            Sign(hash, content, expected);
            return CryptographicOperations.FixedTimeEquals(expected, tag);
        }

        return null;
    }

    private static void Sign(IncrementalHash hash, ReadOnlySpan<byte> content, Span<byte> tag)
    {
        hash.AppendData(content);
        hash.GetHashAndReset(tag);
    }
}
