using Microsoft.AspNetCore.SignalR;

namespace Foresight.ServiceDefaults.Cluster;

/// <summary>
/// Names the notices on the backplane, and has no methods: a node that only publishes needs the type for its <c>IHubContext</c>, and clients
/// get the notices through the Api's one hub, which takes them from here.
/// </summary>
public sealed class NoticeHub : Hub;

/// <summary>Notices to whoever follows a public topic; the SignalR backplane, and in the simulator.</summary>
public interface INotices
{
    /// <summary>Does not wait, and does not fail: what cannot be sent is lost.</summary>
    /// <param name="topic">One of <see cref="Contracts.NoticeTopics"/>.</param>
    /// <param name="notice">The topic's record.</param>
    void Publish(string topic, object notice);
}

/// <summary>For a program that looks at the cluster and is no node of it.</summary>
public sealed class NoNotices : INotices
{
    public void Publish(string topic, object notice)
    {
    }
}
