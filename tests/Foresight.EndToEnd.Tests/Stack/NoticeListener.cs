using System.Threading.Channels;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR.Client;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>A client of one Api node that follows every public topic.</summary>
internal sealed class NoticeListener : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HubConnection connection;
    private readonly Channel<object> heard = Channel.CreateUnbounded<object>();

    private NoticeListener(string api)
    {
        connection = new HubConnectionBuilder().WithUrl(new Uri(new Uri(api), "hubs/market")).Build();
        connection.On<ClusterEvent>(NoticeTopics.Cluster, notice => heard.Writer.TryWrite(notice));
        connection.On<ChainEvent>(NoticeTopics.Chain, notice => heard.Writer.TryWrite(notice));
        connection.On<MarketStateEvent>(NoticeTopics.Markets, notice => heard.Writer.TryWrite(notice));
        connection.On<Notice>(NoticeTopics.Notices, notice => heard.Writer.TryWrite(notice));
    }

    public static async Task<NoticeListener> OpenAsync(string api)
    {
        var listener = new NoticeListener(api);
        await listener.connection.StartAsync();
        foreach (var topic in NoticeTopics.All) await listener.connection.InvokeAsync("Subscribe", topic, 0);
        return listener;
    }

    /// <summary>The next notice of this type that fits; others before it are passed over.</summary>
    public async Task<T> NextAsync<T>(Func<T, bool> fits)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await heard.Reader.ReadAsync(deadline.Token) is T notice && fits(notice)) return notice;
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
