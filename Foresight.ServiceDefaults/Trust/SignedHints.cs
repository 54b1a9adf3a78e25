using System.Buffers;
using System.Text;
using System.Text.Json;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Trust;

/// <summary>
/// Redis may be written by an attacker: a value that is not signed by a node of this cluster for this very key, or that is older than one
/// already read, counts as absent. Safe for concurrent use.
/// </summary>
/// <param name="databaseTime">The database's clock, on which all nodes agree; see <see cref="Postgres.DatabaseClock"/>.</param>
public sealed class SignedHints(
    PurposeKeys keys,
    NodeIdentity identity,
    TimeProvider databaseTime,
    HintMetrics metrics,
    ILogger<SignedHints> logger
)
{
    public const string Purpose = "hints";

    /// <summary>
    /// A longer value is not parsed. The longest is the record of a node that has put out as many others as it shows, about 7 KB.
    /// </summary>
    public const int MaximumLength = 16 * 1024;

    private const string ProofMember = ",\"proof\":";

    private readonly NewestHints _newest = new();
    private readonly HintLog _log = new(logger);
    private long _counter;

    /// <summary>The database's clock, because the clocks of nodes differ.</summary>
    public DateTimeOffset Now => databaseTime.GetUtcNow();

    /// <param name="key">
    /// Key, and field if there is one, under which the value will stand, so that it proves nothing elsewhere; without the cluster's prefix.
    /// </param>
    public string Sign<T>(string key, T content)
        where T : class
    {
        var body = JsonSerializer.Serialize(content, JsonSerializerOptions.Web);
        var unsigned = new HintProof(
            keys.CurrentId,
            identity.Id,
            identity.Instance,
            Interlocked.Increment(ref _counter),
            databaseTime.GetUtcNow(),
            Tag: ""
        );
        var proof = unsigned with { Tag = Convert.ToHexStringLower(keys.Sign(Covered(key, unsigned, body))) };
        return $"{body[..^1]}{ProofMember}{JsonSerializer.Serialize(proof, JsonSerializerOptions.Web)}}}";
    }

    /// <summary>Fetches at most what <see cref="Read"/> parses, because an attacker's value may have megabytes.</summary>
    /// <returns>For a key of another type a text that is no record, so that it is refused like any damaged value.</returns>
    /// <exception cref="RedisException">Redis rejected the command, or cannot be reached.</exception>
    /// <exception cref="TimeoutException">No answer came within the limit.</exception>
    public static async Task<RedisValue> FetchAsync(
        IDatabase redis,
        string key,
        TimeSpan within,
        TimeProvider clock,
        CancellationToken cancellationToken = default
    )
    {
        try
        {
            return await redis.StringGetRangeAsync(key, 0, MaximumLength).AnsweredAsync(within, clock, cancellationToken);
        }
        catch (RedisServerException error) when (error.IsWrongType())
        {
            return "no string";
        }
    }

    /// <summary>Null for a missing value, and, after counting it, for one that cannot be believed.</summary>
    /// <param name="kind">One of <see cref="HintKinds"/>.</param>
    /// <param name="lifetime">Age at which the value counts as absent, by the database's clock; null if it has no limit.</param>
    public T? Read<T>(string kind, string key, RedisValue value, TimeSpan? lifetime)
        where T : class
    {
        if (value.IsNullOrEmpty)
            return null;
        var refusal = Open<T>(key, value.ToString(), lifetime, out var content);
        if (refusal is { } reason)
            Refuse(kind, key, reason);
        return refusal is null ? content : null;
    }

    /// <summary>
    /// False for a value under a key that this node does not sign with: a rotation leaves it behind, and nodes that no longer accept that
    /// key will drop it.
    /// </summary>
    public bool IsOfCurrentKey(RedisValue value) => ProofOf(value.ToString(), out _)?.KeyId == keys.CurrentId;

    /// <summary>Counts a value that its reader does not believe for a reason of its own.</summary>
    public void Refuse(string kind, string key, HintRefusal refusal)
    {
        metrics.Dropped(kind, refusal);
        _log.Dropped(kind, key, refusal);
    }

    private HintRefusal? Open<T>(string key, string value, TimeSpan? lifetime, out T? content)
        where T : class
    {
        content = null;
        if (ProofOf(value, out var body) is not { KeyId: not null, Sender: not null, Tag: not null } proof)
            return HintRefusal.Unsigned;
        var tag = new byte[PurposeKeys.TagBytes];
        if (
            Convert.FromHexString(proof.Tag, tag, out _, out var length) != OperationStatus.Done
            || !keys.Matches(proof.KeyId, Covered(key, proof, body), tag.AsSpan(0, length))
        )
            return HintRefusal.Forged;
        if (lifetime is { } limit)
        {
            var age = databaseTime.GetUtcNow() - proof.IssuedAt;
            if (age > limit)
                return HintRefusal.Stale;
            if (age < -limit)
                return HintRefusal.Implausible;
        }

        if (!_newest.Admit(key, proof, lifetime ?? NewestHints.LongestMemory))
            return HintRefusal.Stale;
        content = Parse<T>(body);
        return content is null ? HintRefusal.Implausible : null;
    }

    /// <param name="body">The content's JSON object; empty if there is no proof.</param>
    private static HintProof? ProofOf(string value, out string body)
    {
        var end =
            value.Length <= MaximumLength && value.EndsWith("}}", StringComparison.Ordinal)
                ? value.LastIndexOf(ProofMember, StringComparison.Ordinal)
                : -1;
        body = end < 0 ? "" : value[..end] + "}";
        return end < 0 ? null : Parse<HintProof>(value[(end + ProofMember.Length)..^1]);
    }

    /// <summary>What the tag covers. Each text is preceded by its length, so no two values have the same bytes.</summary>
    private static byte[] Covered(string key, HintProof proof, string body)
    {
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes, Encoding.UTF8))
        {
            writer.Write(key);
            writer.Write(proof.KeyId);
            writer.Write(proof.Sender);
            writer.Write(proof.Boot.ToByteArray());
            writer.Write(proof.Counter);
            writer.Write(proof.IssuedAt.UtcTicks);
            writer.Write(body);
        }

        return bytes.ToArray();
    }

    private static T? Parse<T>(string json)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Web);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
