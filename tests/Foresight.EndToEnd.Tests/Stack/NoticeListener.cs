using System.Threading.Channels;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR.Client;

namespace Foresight.EndToEnd.Tests.Stack;

internal sealed class NoticeListener : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HubConnection _connection;
    private readonly Channel<object> _heard = Channel.CreateUnbounded<object>();

    private NoticeListener(string api)
    {
        _connection = new HubConnectionBuilder().WithUrl(new Uri(new Uri(api), "hubs/market")).Build();
        _connection.On<ClusterEvent>(NoticeTopics.Cluster, notice => _heard.Writer.TryWrite(notice));
        _connection.On<ChainEvent>(NoticeTopics.Chain, notice => _heard.Writer.TryWrite(notice));
        _connection.On<MarketStateEvent>(NoticeTopics.Markets, notice => _heard.Writer.TryWrite(notice));
        _connection.On<Notice>(NoticeTopics.Notices, notice => _heard.Writer.TryWrite(notice));
    }

    public static async Task<NoticeListener> OpenAsync(string api)
    {
        var listener = new NoticeListener(api);
        await listener._connection.StartAsync();
        foreach (var topic in NoticeTopics.All)
            await listener._connection.InvokeAsync("Subscribe", topic, 0);
        return listener;
    }

    public async Task<T> NextAsync<T>(Func<T, bool> fits)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await _heard.Reader.ReadAsync(deadline.Token) is T notice && fits(notice))
                return notice;
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
