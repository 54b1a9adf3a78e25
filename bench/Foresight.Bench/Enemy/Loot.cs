using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;

namespace Foresight.Bench.Enemy;

/// <summary>
/// Values and messages are kept by the place where they stood, so that they can be replayed there; everything is searched for secrets.
/// </summary>
internal sealed partial class Loot(IReadOnlyList<string> secrets)
{
    /// <summary>Of each key and channel, so that a long run does not fill the memory.</summary>
    private const int KeptOfAPlace = 400;

    private const int SignatureBytes = 65;

    private readonly ConcurrentDictionary<string, Kept> _values = new();
    private readonly ConcurrentDictionary<string, Kept> _messages = new();
    private readonly ConcurrentDictionary<ulong, string> _signatures = new();
    private readonly ConcurrentDictionary<string, string> _seen = new();
    private readonly byte[][] _secrets = [.. secrets.Select(Encoding.UTF8.GetBytes)];
    private long _messagesHeard;

    public ICollection<string> Keys => _values.Keys;

    public ICollection<string> Channels => _messages.Keys;

    public long MessagesHeard => Volatile.Read(ref _messagesHeard);

    public IReadOnlyDictionary<string, string> SecretsSeen => _seen;

    /// <summary>Signatures that the load is about to send: until then they must appear nowhere that the enemy can read.</summary>
    public void Protect(string signature)
    {
        var bytes = Convert.FromHexString(signature.AsSpan(2));
        _signatures[BitConverter.ToUInt64(bytes)] = signature;
    }

    public void TakeValue(string key, byte[] value)
    {
        Search($"key {key}", value);
        _values.GetOrAdd(key, _ => new Kept()).Add(value);
    }

    /// <summary>Known from before the subscription on, so that a channel is not subscribed to twice.</summary>
    public void Begin(string channel) => _messages.GetOrAdd(channel, _ => new Kept());

    public void TakeMessage(string channel, byte[] message)
    {
        Interlocked.Increment(ref _messagesHeard);
        Search($"channel {channel}", message);
        _messages.GetOrAdd(channel, _ => new Kept()).Add(message);
    }

    public byte[]? AnyValue(string key, Random random) => _values.GetValueOrDefault(key)?.Any(random);

    public byte[]? OldestValue(string key) => _values.GetValueOrDefault(key)?.First();

    public byte[]? AnyMessage(string channel, Random random) => _messages.GetValueOrDefault(channel)?.Any(random);

    public void Search(string place, byte[] bytes)
    {
        for (var i = 0; i < _secrets.Length; i++)
            if (bytes.AsSpan().IndexOf(_secrets[i]) >= 0)
                _seen.TryAdd($"secret {i + 1} of the cluster", place);
        SearchSignature(place, bytes);
        var text = Encoding.Latin1.GetString(bytes);
        foreach (Match match in HexSignature().Matches(text))
            SearchSignature(place, Convert.FromHexString(match.Groups[1].ValueSpan));
        foreach (Match match in Base64Signature().Matches(text))
        {
            var decoded = new byte[SignatureBytes + 2];
            if (Convert.TryFromBase64String(match.Value, decoded, out var length))
                SearchSignature(place, decoded[..length]);
        }
    }

    private void SearchSignature(string place, ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i + SignatureBytes <= bytes.Length; i++)
            if (
                _signatures.TryGetValue(BitConverter.ToUInt64(bytes[i..]), out var signature)
                && bytes.Slice(i, SignatureBytes).SequenceEqual(Convert.FromHexString(signature.AsSpan(2)))
            )
                _seen.TryAdd($"signature {signature[..12]}…", place);
    }

    [GeneratedRegex("(?:0x|\")([0-9a-fA-F]{130})")]
    private static partial Regex HexSignature();

    [GeneratedRegex("[A-Za-z0-9+/]{87}=")]
    private static partial Regex Base64Signature();

    private sealed class Kept
    {
        private readonly List<byte[]> _all = [];
        private int _next;

        public void Add(byte[] one)
        {
            lock (_all)
            {
                if (_all.Count < KeptOfAPlace)
                {
                    _all.Add(one);
                    return;
                }

                // The first half stays, so that old values can be replayed late; the other half is a ring.
                _all[(KeptOfAPlace / 2) + _next] = one;
                _next = (_next + 1) % (KeptOfAPlace / 2);
            }
        }

        public byte[]? Any(Random random)
        {
            lock (_all)
                return _all.Count == 0 ? null : _all[random.Next(_all.Count)];
        }

        public byte[]? First()
        {
            lock (_all)
                return _all.Count == 0 ? null : _all[0];
        }
    }
}
