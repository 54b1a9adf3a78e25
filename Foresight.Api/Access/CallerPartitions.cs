using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Foresight.Api.Access;

/// <summary>
/// Names the partition of a caller for limits. A caller has one of its own while there is room; the others share a fixed number of
/// partitions, so that one who has very many addresses cannot fill the memory of the node and of Redis. Which one a caller shares depends
/// on a random key, so that none can choose whose limit it uses up. Thread-safe.
/// </summary>
public sealed class CallerPartitions(TimeProvider clock)
{
    /// <summary>
    /// Callers of a minute with a partition of their own. Limiters live for about two minutes at some 300 bytes each, so all of them take
    /// less than 100 MB.
    /// </summary>
    public const int MaxCallers = 100_000;

    /// <summary>
    /// New callers of a minute among them, and fewer while callers of the minute before need the room, because a flood must not take the
    /// partitions of those.
    /// </summary>
    public const int MaxNewCallers = MaxCallers / 2;

    /// <summary>
    /// Partitions of all further callers. To keep a certain one out, a flood has to use up all of them, which takes at least 100,000
    /// cancels a second at the lowest limit of 6,000 a minute.
    /// </summary>
    public const int SharedPartitions = 1_024;

    private const int KeyBytes = 32;

    private readonly Lock _gate = new();
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(KeyBytes);

    /// <summary>Apart from those of other nodes, where other callers have them.</summary>
    private readonly string _sharedPrefix = $"shared-{RandomNumberGenerator.GetHexString(8, lowercase: true)}-";

    private volatile Generation _current = new(Minutes.Of(clock.GetUtcNow()), null);

    public string Of(HttpContext http) => Of(http.Connection.RemoteIpAddress);

    public string Of(IPAddress? address)
    {
        var caller = CallerAddress.Of(address);
        var minute = Minutes.Of(clock.GetUtcNow());
        if (_current is { } current && current.Minute == minute && current.Callers.ContainsKey(caller))
            return caller;
        lock (_gate)
        {
            if (_current.Minute != minute)
                _current = new Generation(minute, _current.Minute == minute - 1 ? _current.Callers : null);
            if (_current.TryAdd(caller))
                return caller;
        }

        return SharedOf(caller);
    }

    private string SharedOf(string caller)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes(caller), hash);
        var number = BinaryPrimitives.ReadUInt32LittleEndian(hash) % SharedPartitions;
        return _sharedPrefix + number.ToString(CultureInfo.InvariantCulture);
    }

    /// <param name="before">Callers of the minute before, each of which keeps its place; null if there were none.</param>
    private sealed class Generation(long minute, ConcurrentDictionary<string, bool>? before)
    {
        private readonly int _maxNew = Math.Min(MaxNewCallers, MaxCallers - (before?.Count ?? 0));
        private int _new;

        public long Minute { get; } = minute;

        public ConcurrentDictionary<string, bool> Callers { get; } = new(StringComparer.Ordinal);

        public bool TryAdd(string caller)
        {
            if (Callers.ContainsKey(caller))
                return true;
            if (before?.ContainsKey(caller) is not true)
            {
                if (_new >= _maxNew)
                    return false;
                _new++;
            }

            Callers.TryAdd(caller, true);
            return true;
        }
    }
}
