using System.Text.Json;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Foresight.Cluster;

/// <summary>
/// The other side of <see cref="NoticeSender"/>. Any Redis client can write to the backplane: only what a node of the cluster sealed for
/// the topic, and only once, is a notice. Thread-safe, because the backplane calls from a thread per group.
/// </summary>
public sealed class NoticeVerifier(IHubProtocolResolver protocols, MessageSeals seals, RedisSettings settings)
{
    /// <summary>
    /// Longest valid message: an operator's text of 500 characters, each escaped in JSON, the rest of the record, its seal, all of it in
    /// Base64, plus the envelope.
    /// </summary>
    private const int MaxBytes = 6 * 1024;

    private readonly IHubProtocol _json =
        protocols.GetProtocol("json", ["json"]) ?? throw new InvalidOperationException("The hub has no JSON protocol.");

    private readonly Dictionary<string, MessageVerifier> _verifiers = NoticeTopics.All.ToDictionary(
        topic => topic,
        topic => seals.VerifierOf(NoticeHub.SealedChannel(settings, topic))
    );

    /// <returns>The topic and its record; null for what is not believed.</returns>
    /// <param name="reason">As <see cref="DroppedMessages"/> counts it; empty for a notice.</param>
    public (string Topic, object Body)? Open(SerializedHubMessage message, out string reason)
    {
        if (Unwrap(message) is not var (topic, sealedNotice) || !_verifiers.TryGetValue(topic, out var verifier))
        {
            reason = DroppedMessages.ReasonOf(SealFault.Unsealed);
            return null;
        }

        SealFault fault;
        ReadOnlyMemory<byte> content;
        lock (verifier)
            fault = verifier.Open(sealedNotice, out content);
        var body = fault == SealFault.None ? Read(topic, content.Span) : null;
        reason =
            fault != SealFault.None ? DroppedMessages.ReasonOf(fault)
            : body is null ? DroppedMessages.NotUnderstood
            : "";
        return body is null ? null : (topic, body);
    }

    private (string Topic, byte[] Sealed)? Unwrap(SerializedHubMessage message)
    {
        try
        {
            var json = message.GetSerializedMessage(_json);
            if (json.Length is 0 or > MaxBytes)
                return null;
            // The last byte is the separator to the next message, so it is no JSON.
            using var document = JsonDocument.Parse(json[..^1]);
            var target = document.RootElement.GetProperty("target").GetString();
            return target is null ? null : (target, document.RootElement.GetProperty("arguments")[0].GetBytesFromBase64());
        }
        catch (Exception error)
            when (error is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException or FormatException
            )
        {
            return null;
        }
    }

    /// <summary>Null if a node of another version sealed it.</summary>
    private static object? Read(string topic, ReadOnlySpan<byte> content)
    {
        try
        {
            return topic switch
            {
                NoticeTopics.Cluster => JsonSerializer.Deserialize<ClusterEvent>(content, JsonSerializerOptions.Web),
                NoticeTopics.Chain => JsonSerializer.Deserialize<ChainEvent>(content, JsonSerializerOptions.Web),
                NoticeTopics.Markets => JsonSerializer.Deserialize<MarketStateEvent>(content, JsonSerializerOptions.Web),
                NoticeTopics.Notices => JsonSerializer.Deserialize<Notice>(content, JsonSerializerOptions.Web),
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
