using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Foresight.Cluster;
using Foresight.Protocol;

namespace Foresight.Bench.Enemy;

/// <summary>
/// Notices in the format of SignalR's backplane. Each that is forged or changed names the enemy, so that the witness knows it.
/// </summary>
internal static partial class NoticeForgery
{
    public const string Name = "enemy";
    public const int Block = 666_666_666;

    private static readonly string Hub = RedisEnemy.Prefix + typeof(NoticeHub).FullName;

    public static string ChannelOf(string? topic) => topic is null ? $"{Hub}:all" : $"{Hub}:group:{topic}";

    /// <param name="captured">A genuine message of the topic, behind whose seal the forged record stands; null for no seal.</param>
    public static byte[] Of(string topic, byte[]? captured)
    {
        var at = DateTimeOffset.UtcNow;
        object record = topic switch
        {
            NoticeTopics.Cluster => new ClusterEvent("settlement_halted", Name, 9, at, null),
            NoticeTopics.Chain => new ChainEvent("block", Block, at),
            NoticeTopics.Markets => new MarketStateEvent(1, "resolved", 1, 1, Block),
            _ => new Notice("operator", Name, "Withdraw at once.", at),
        };
        var content = JsonSerializer.SerializeToUtf8Bytes(record, record.GetType(), JsonSerializerOptions.Web);
        if (captured is null)
            return Framed(topic, Encoding.UTF8.GetString(content));
        var sealedNotice = Argument().Match(Encoding.Latin1.GetString(captured)).Groups[1].Value.Replace("\\u002B", "+");
        var genuine = Convert.FromBase64String(sealedNotice);
        var start = Math.Max(0, genuine.AsSpan().IndexOf("{\""u8));
        return Framed(topic, $"\"{Convert.ToBase64String([.. genuine.AsSpan(0, start), .. content])}\"");
    }

    public static bool IsFalse(JsonElement notice) =>
        notice.GetRawText() is var text
        && (text.Contains($"\"{Name}\"", StringComparison.Ordinal) || text.Contains($":{Block}", StringComparison.Ordinal));

    /// <summary>MessagePack: two members; no connections to leave out, and a map of one, from the hub's protocol to its bytes.</summary>
    private static byte[] Framed(string topic, string argument)
    {
        var json = Encoding.UTF8.GetBytes($$"""{"type":1,"target":"{{topic}}","arguments":[{{argument}}]}""" + "\u001e");
        byte[] length = [0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)json.Length);
        return [0x92, 0x90, 0x81, 0xa4, .. "json"u8, 0xc5, .. length, .. json];
    }

    [GeneratedRegex("\"arguments\":\\[\"([^\"]+)\"")]
    private static partial Regex Argument();
}
