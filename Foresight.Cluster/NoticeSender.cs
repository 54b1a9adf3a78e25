using System.Text.Json;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Cluster;

/// <summary>
/// SignalR's backplane authenticates nothing, so the one argument of an invocation is the record's JSON within the cluster's seal. Not
/// thread-safe: the notices of a topic must leave in the order in which they were sealed.
/// </summary>
public sealed class NoticeSender(IHubContext<NoticeHub> hub, MessageSeals seals, RedisSettings settings)
{
    private readonly Dictionary<string, MessageSealer> _sealers = NoticeTopics.All.ToDictionary(
        topic => topic,
        topic => seals.SealerOf(NoticeHub.SealedChannel(settings, topic))
    );

    public Task SendAsync(string topic, object notice)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(notice, notice.GetType(), JsonSerializerOptions.Web);
        return hub.Clients.Group(topic).SendAsync(topic, _sealers[topic].Seal(content));
    }
}
