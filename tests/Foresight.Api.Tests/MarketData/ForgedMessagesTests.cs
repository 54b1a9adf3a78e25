using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Foresight.Api.MarketData;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace Foresight.Api.Tests.MarketData;

/// <summary>The attacker has access to the cluster's Redis, then a node's secret too, and at last delivers nothing.</summary>
[Collection(ApiStackCollection.Name)]
[Trait("Category", "Trust")]
public sealed partial class ForgedMessagesTests(ApiStack stack, ITestOutputHelper output) : IAsyncLifetime
{
    private const int Market = 1;
    private const int ForgedTicks = 9_900;
    private const string ForgedPrice = "0.99";

    private static readonly string[] Listened =
    [
        Channels.Depth,
        Channels.Trades,
        Channels.Stats,
        Channels.Orders,
        Channels.TradeStates,
        Channels.Withdrawals,
    ];
    private static readonly PrivateKey Owner = PrivateKey.OfPhrase("owner whom an enemy would deceive");

    private RedisClient _node = null!;
    private HubClientOfTest _client = null!;
    private long _sequence;
    private long _epoch;

    public async Task InitializeAsync()
    {
        _node = stack.ConnectAsNode();
        _sequence = await stack.ScalarAsync<long>("SELECT max(sequence) FROM commands");
        _epoch = await stack.ScalarAsync<long>("SELECT max(epoch) FROM commands");
        _client = await HubClientOfTest.OpenAsync(stack);
        foreach (var topic in new[] { "depth", "trades", "stats" })
            Assert.Null(await _client.InvokeAsync("Subscribe", topic, Market));
        var issuedAt = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var signature = PersonalMessage.Sign($"Foresight orders\n{Owner.Address.ToLowerHex()}\n{issuedAt}", Owner);
        Assert.Null(await _client.InvokeAsync("SubscribeOrders", Owner.Address.ToString(), issuedAt, Hex.Encode(signature)));
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        _node.Dispose();
    }

    [Fact]
    public async Task NothingThatAStrangerPublishes_IsBelieved_AndWhatTheLeaderPublishesArrives()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var stranger = await ConnectionMultiplexer.ConnectAsync(stack.Redis);
        var captured = new ConcurrentQueue<byte[]>();
        foreach (var channel in Listened)
            await stranger.GetSubscriber().SubscribeAsync(NameOf(channel), (_, body) => captured.Enqueue(body!));
        await TradeAsync();
        await Eventually.TrueAsync("messages are captured", Eventually.Patience, () => captured.Count >= 4);
        var genuine = captured.ToArray();
        var before = await DroppedAsync();

        var published = 0;
        for (var round = 0; round < 60; round++)
        {
            foreach (var body in Forged(_epoch, _sequence + 1 + round).Concat(Forged(_epoch + 1_000, _sequence + 1)))
                await PublishAsync(
                    body.Channel,
                    JsonSerializer.SerializeToUtf8Bytes(body.Message, body.Message.GetType(), JsonSerializerOptions.Web)
                );
            foreach (var channel in Listened)
            {
                var replayed = genuine[random.Next(genuine.Length)];
                await PublishAsync(channel, replayed);
                var mutated = replayed.ToArray();
                mutated[random.Next(mutated.Length)] ^= (byte)random.Next(1, 256);
                await PublishAsync(channel, mutated);
                var garbage = new byte[random.Next(2_000)];
                random.NextBytes(garbage);
                await PublishAsync(channel, garbage);
            }
        }

        foreach (var channel in Listened)
            await PublishAsync(channel, new byte[2 * 1024 * 1024]);

        await TradeAsync();
        AssertNothingForged(await _client.UntilHeartbeatsAsync());
        var after = await DroppedAsync();
        output.WriteLine(string.Join('\n', after.Select(count => $"{count.Key} {count.Value}")));
        foreach (var channel in Listened)
        {
            foreach (var reason in new[] { "unsealed", "forged", "oversized" })
                Assert.True(Count(after, channel, reason) > Count(before, channel, reason), $"{channel} {reason}");
        }

        Assert.Equal(published, after.Values.Sum() - before.Values.Sum());
        Assert.Equal(200, (int)(await stack.Http.GetAsync("ready")).StatusCode);

        async Task PublishAsync(string channel, byte[] body)
        {
            published++;
            await stranger.GetSubscriber().PublishAsync(NameOf(channel), body);
        }
    }

    [Fact]
    public async Task NothingOfATermThatPostgresDoesNotKnow_IsBelieved_EvenUnderTheClustersSecret()
    {
        await TradeAsync();
        var before = await ImplausibleAsync();
        foreach (
            var (channel, message) in Forged(_epoch + 1_000, _sequence + 1).Concat(Forged(_epoch, _sequence + JournalGate.MaxAhead * 2))
        )
            PublishAsNode(channel, message);
        await TradeAsync();
        AssertNothingForged(await _client.UntilHeartbeatsAsync());
        var after = await ImplausibleAsync();
        foreach (var channel in Listened)
            Assert.True(after.GetValueOrDefault(channel) > before.GetValueOrDefault(channel), channel);
    }

    /// <summary>The position is right, so only the book's content betrays the message.</summary>
    [Fact]
    public async Task AWrongBookAtARightPosition_IsFoundByTheLeadersHash_AndReplaced()
    {
        await TradeAsync();
        _node.Broadcast.Publish(
            Channels.Depth,
            new DepthMessage(Market, _epoch, _sequence, 0, Snapshot: true, [new LevelChange(0, true, ForgedTicks, 7)])
        );
        await _client.NextAsync("depth", message => HasLevel(message, ForgedTicks));
        var hash = BookHash.OfLevel(isBid: true, 4_800, 1);
        _node.Broadcast.Publish(Channels.Depth, new DepthMessage(Market, _epoch, _sequence, _sequence, Snapshot: false, [], [hash]));
        await _client.NextAsync("continuity", message => message.GetProperty("state").GetString() == "lost");
        var healed = await _client.NextAsync("depth");
        Assert.True(healed.GetProperty("snapshot").GetBoolean());
        Assert.False(HasLevel(healed, ForgedTicks));
    }

    [Fact]
    public async Task WhenRedisDeliversNothing_EveryStreamComesFromTheJournal_WithinTenSeconds()
    {
        await TradeAsync();
        stack.IsLeaderHeard = false;
        try
        {
            var began = Stopwatch.GetTimestamp();
            await stack.CommitAsync(Market, _epoch, ++_sequence, new LevelChange(0, true, 4_900, 49));
            await InsertTradeAsync();
            var awaited = new HashSet<string> { "depth", "trades", "orders", "trade_state", "stats" };
            while (awaited.Count > 0)
            {
                Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20), $"missing: {string.Join(", ", awaited)}");
                var (target, body) = await _client.NextAnyAsync();
                awaited.Remove(
                    target switch
                    {
                        "depth" when HasLevel(body, 4_900) => "depth",
                        "trades" when body.GetProperty("sequence").GetInt64() == _sequence => "trades",
                        "continuity" when body.GetProperty("state").GetString() == "restored" => body.GetProperty("topic").GetString()!,
                        _ => "",
                    }
                );
            }

            Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 10);
            await Eventually.TrueAsync(
                "the node says so",
                Eventually.Patience,
                async () => (await stack.Http.GetStringAsync("metrics")).Contains("foresight_pubsub_connection_status{} 0\n")
            );
            Assert.Equal(200, (int)(await stack.Http.GetAsync("ready")).StatusCode);
        }
        finally
        {
            stack.IsLeaderHeard = true;
        }
    }

    private static RedisChannel NameOf(string channel) => RedisChannel.Literal(ApiStack.Prefix + channel);

    private static bool HasLevel(JsonElement depth, int ticks) =>
        depth.GetProperty("levels").EnumerateArray().Any(level => level.GetProperty("priceTicks").GetInt32() == ticks);

    private async Task TradeAsync()
    {
        var previous = _sequence++;
        var level = new LevelChange(0, true, 4_800, 1);
        await stack.CommitAsync(Market, _epoch, _sequence, level);
        await InsertTradeAsync();
        _node.Broadcast.Publish(Channels.Depth, new DepthMessage(Market, _epoch, _sequence, previous, Snapshot: false, [level]));
        _node.Broadcast.Publish(Channels.Trades, new TradesMessage(Market, _epoch, _sequence, previous, [Trade("0.5")]));
        _node.Broadcast.Publish(Channels.Stats, Statistics(_epoch, _sequence, "0.5"));
        _node.Broadcast.Publish(Channels.Orders, new OrdersMessage(_epoch, _sequence, [Fill("0.5")]));
        var awaited = new HashSet<string> { "depth", "trades", "stats", "orders" };
        while (awaited.Count > 0)
        {
            var next = await _client.NextAnyAsync();
            AssertNothingForged([next]);
            if (awaited.Contains(next.Target) && next.Body.GetProperty("sequence").GetInt64() == _sequence)
                awaited.Remove(next.Target);
        }
    }

    private Task InsertTradeAsync() =>
        stack.ExecuteAsync(
            $"""
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard,
                sequence, epoch, executed_at, settlement, closed)
                VALUES ({_sequence}, {Market}, 0, 1, 0, true, 5000, 0, {_sequence}, {_epoch}, now(), 'matched', false)
            """
        );

    private IEnumerable<(string Channel, object Message)> Forged(long epoch, long sequence) =>
        [
            (Channels.Depth, new DepthMessage(Market, epoch, sequence, 0, Snapshot: true, [new(0, true, ForgedTicks, 7)], [1, 2])),
            (Channels.Depth, new DepthMessage(Market, epoch, sequence, _sequence, Snapshot: false, [new(0, true, ForgedTicks, 7)])),
            (Channels.Trades, new TradesMessage(Market, epoch, sequence, _sequence, [Trade(ForgedPrice)])),
            (Channels.Stats, Statistics(epoch, sequence, ForgedPrice)),
            (Channels.Orders, new OrdersMessage(epoch, sequence, [Fill(ForgedPrice)])),
            (Channels.TradeStates, new TradeStatesMessage(Market, epoch + (1L << 50), 9, 0, [new(1, Market, ForgedPrice, null, null, 1)])),
            (Channels.Withdrawals, new WithdrawalsMessage(epoch + (1L << 50), 9, [Leaving(ForgedPrice)])),
        ];

    private void PublishAsNode(string channel, object message)
    {
        switch (message)
        {
            case DepthMessage depth:
                _node.Broadcast.Publish(channel, depth);
                break;
            case TradesMessage trades:
                _node.Broadcast.Publish(channel, trades);
                break;
            case StatsMessage stats:
                _node.Broadcast.Publish(channel, stats);
                break;
            case OrdersMessage orders:
                _node.Broadcast.Publish(channel, orders);
                break;
            case TradeStatesMessage states:
                _node.Broadcast.Publish(channel, states);
                break;
            case WithdrawalsMessage withdrawals:
                _node.Broadcast.Publish(channel, withdrawals);
                break;
        }
    }

    private TradeView Trade(string price) =>
        new(_sequence, Market, "direct", 0, "buy", price, "1", DateTimeOffset.UnixEpoch, "matched", null, null, null, _epoch, _sequence);

    private static StatsMessage Statistics(long epoch, long sequence, string price) =>
        new(Market, epoch, sequence, new MarketStats(Market, price, "1", "1", 1, price, null));

    private static WithdrawalUpdate Leaving(string amount) =>
        new(
            Owner.Address.ToString(),
            "USDC",
            amount,
            WithdrawalKinds.Request,
            WithdrawalStates.Finished,
            DateTimeOffset.UnixEpoch,
            7,
            null,
            7,
            null
        );

    private OrderUpdate Fill(string price) =>
        new(
            Owner.Address.ToLowerHex(),
            "0x12",
            Market,
            "filled",
            "filled",
            "1",
            "0",
            new FillView(_sequence, price, "1", "maker", "matched"),
            null,
            _epoch,
            _sequence
        );

    private static void AssertNothingForged(IEnumerable<HubEvent> events) =>
        Assert.All(
            events,
            one =>
            {
                Assert.DoesNotContain($"\"{ForgedPrice}\"", one.Body.GetRawText());
                if (one.Target == "depth")
                    Assert.False(HasLevel(one.Body, ForgedTicks));
            }
        );

    private async Task<Dictionary<string, long>> DroppedAsync() =>
        Dropped()
            .Matches(await stack.Http.GetStringAsync("metrics"))
            .ToDictionary(match => match.Groups[1].Value, match => long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));

    private async Task<Dictionary<string, long>> ImplausibleAsync() =>
        Implausible()
            .Matches(await stack.Http.GetStringAsync("metrics"))
            .ToDictionary(match => match.Groups[1].Value, match => long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));

    private static long Count(Dictionary<string, long> counts, string channel, string reason) =>
        counts.GetValueOrDefault($"channel=\"{channel}\",reason=\"{reason}\"");

    [GeneratedRegex(@"foresight_pubsub_dropped_total\{([^}]*)\} (\d+)")]
    private static partial Regex Dropped();

    [GeneratedRegex("""foresight_pubsub_implausible_total\{channel="([^"]+)"\} (\d+)""")]
    private static partial Regex Implausible();
}
