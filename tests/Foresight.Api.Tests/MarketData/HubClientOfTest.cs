using System.Text.Json;
using System.Threading.Channels;
using Foresight.Api.MarketData;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace Foresight.Api.Tests.MarketData;

internal sealed class HubClientOfTest : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static readonly string[] Targets =
    [
        HubEvents.Depth,
        HubEvents.Trades,
        HubEvents.Stats,
        HubEvents.Orders,
        HubEvents.TradeState,
        HubEvents.Withdrawals,
        HubEvents.Heartbeat,
        HubEvents.Continuity,
        HubEvents.Closing,
        .. NoticeTopics.All,
    ];

    private readonly Channel<HubEvent> _events = Channel.CreateUnbounded<HubEvent>();
    private readonly HubConnection _connection;

    private HubClientOfTest(Uri api)
    {
        _connection = new HubConnectionBuilder()
            .WithUrl(new Uri(api, "hubs/market"), HttpTransportType.WebSockets, options => options.SkipNegotiation = true)
            .Build();
        foreach (var target in Targets)
            _connection.On<JsonElement>(target, body => _events.Writer.TryWrite(new HubEvent(target, body)));
        _connection.Closed += error =>
        {
            _events.Writer.TryComplete(error);
            return Task.CompletedTask;
        };
    }

    public static async Task<HubClientOfTest> OpenAsync(ApiStack stack)
    {
        var client = new HubClientOfTest(stack.Http.BaseAddress!);
        await client._connection.StartAsync();
        return client;
    }

    public async Task<string?> InvokeAsync(string target, params object[] arguments)
    {
        try
        {
            await _connection.InvokeCoreAsync(target, arguments).WaitAsync(Soon);
            return null;
        }
        catch (HubException refused)
        {
            return refused.Message;
        }
    }

    public async Task<JsonElement> NextAsync(string target, Func<JsonElement, bool>? that = null) =>
        (await FirstAsync(target, next => next.Target == target && (that is null || that(next.Body)))).Body;

    public Task<HubEvent> NextAnyAsync() => FirstAsync("anything but heartbeats", next => next.Target != HubEvents.Heartbeat);

    /// <exception cref="TimeoutException">Only other events come; heartbeats alone would keep a test waiting for ever.</exception>
    private async Task<HubEvent> FirstAsync(string what, Func<HubEvent, bool> that)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < Eventually.Patience)
        {
            var next = await NextAsync();
            if (that(next))
                return next;
        }

        throw new TimeoutException($"No event came that is {what}.");
    }

    /// <summary>The first heartbeat may have been under way already; the second one was certainly sent after this call.</summary>
    public async Task<IReadOnlyList<HubEvent>> UntilHeartbeatsAsync()
    {
        var seen = new List<HubEvent>();
        var heartbeats = 0;
        while (heartbeats < 2)
        {
            var next = await NextAsync();
            if (next.Target == HubEvents.Heartbeat)
                heartbeats++;
            else
                seen.Add(next);
        }

        return seen;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private Task<HubEvent> NextAsync() => _events.Reader.ReadAsync().AsTask().WaitAsync(Soon);
}

internal sealed record HubEvent(string Target, JsonElement Body);
