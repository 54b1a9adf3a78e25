using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Foresight.Api.MarketData;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.MarketData;

[Collection(ApiStackCollection.Name)]
public sealed class SlowClientTests(ApiStack stack)
{
    private const int Market = 1;

    /// <summary>More than the client's queue and the buffers between hub and client can hold, so that the client must be cut off.</summary>
    private const int Messages = 12_000;

    [Fact]
    public async Task AClientThatDoesNotRead_IsCutOff_AndDelaysNobody()
    {
        using var redis = stack.ConnectAsNode();
        await using var fast = await HubClientOfTest.OpenAsync(stack);
        Assert.Null(await fast.InvokeAsync("Subscribe", "trades", Market));
        using var slow = await DeafClientAsync();
        var sequence = await stack.ScalarAsync<long>("SELECT max(sequence) FROM commands");
        // The node drops what is far ahead of the journal, so the commands are written before their messages are sent.
        await stack.ExecuteAsync(
            $"""
            INSERT INTO commands (shard, sequence, epoch, accepted_at, kind, request_id, payload, result)
                SELECT 0, n, (SELECT max(epoch) FROM commands), now(), 1, gen_random_uuid(), '', 'null'
                FROM generate_series({sequence + 1}, {sequence + Messages}) AS n
            """
        );
        var epoch = await stack.ScalarAsync<long>("SELECT max(epoch) FROM commands");
        var question = new string('?', 2_000);
        await Eventually.TrueAsync(
            "both follow",
            TimeSpan.FromSeconds(20),
            async () => (await stack.Http.GetStringAsync("metrics")).Contains("foresight_ws_cluster_subscriptions{topic=\"trades\"} 2\n")
        );

        for (var i = 0; i < Messages; i++)
        {
            var previous = sequence + i;
            redis.Broadcast.Publish(
                Channels.Trades,
                new TradesMessage(Market, epoch, previous + 1, previous, [Trade(previous + 1, epoch, question)])
            );
            // At the rate of the reading client, so that only the other one is slow.
            if (i % 200 == 199)
                await fast.NextAsync("trades", message => message.GetProperty("sequence").GetInt64() == previous + 1);
        }

        await Eventually.TrueAsync(
            "the slow one is cut off",
            TimeSpan.FromSeconds(30),
            async () =>
                (await stack.Http.GetStringAsync("metrics")).Contains("foresight_ws_cluster_closed_total{reason=\"slow_consumer\"} 1\n")
        );
        await Eventually.TrueAsync(
            "its subscription is gone",
            TimeSpan.FromSeconds(30),
            async () => (await stack.Http.GetStringAsync("metrics")).Contains("foresight_ws_cluster_subscriptions{topic=\"trades\"} 1\n")
        );
        Assert.DoesNotContain(await fast.UntilHeartbeatsAsync(), message => message.Target is HubEvents.Closing or HubEvents.Continuity);
    }

    private static TradeView Trade(long sequence, long epoch, string padding) =>
        new(sequence, Market, "direct", 0, "buy", "0.5", "1", DateTimeOffset.UnixEpoch, "matched", padding, null, null, epoch, sequence);

    private async Task<ClientWebSocket> DeafClientAsync()
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(
            new UriBuilder(new Uri(stack.Http.BaseAddress!, "hubs/market")) { Scheme = "ws" }.Uri,
            new HttpMessageInvoker(
                new SocketsHttpHandler
                {
                    ConnectCallback = async (context, cancellationToken) =>
                    {
                        var connection = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 8 * 1024 };
                        await connection.ConnectAsync(context.DnsEndPoint, cancellationToken);
                        return new NetworkStream(connection, ownsSocket: true);
                    },
                }
            ),
            CancellationToken.None
        );
        await SendAsync("""{"protocol":"json","version":1}""");
        await SendAsync($$"""{"type":1,"invocationId":"1","target":"Subscribe","arguments":["trades",{{Market}}]}""");
        return socket;

        Task SendAsync(string text) =>
            socket.SendAsync(
                Encoding.UTF8.GetBytes(text + "\u001e"),
                WebSocketMessageType.Text,
                endOfMessage: true,
                CancellationToken.None
            );
    }
}
