using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Telemetry;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit.Abstractions;

namespace Foresight.ServiceDefaults.Tests.Redis;

[Collection(ServersCollection.Name)]
public sealed class RedisBroadcastTests(Servers servers, ITestOutputHelper output)
{
    private readonly string _prefix = $"{Guid.NewGuid():N}:";

    [Fact]
    public async Task AMessage_ReachesTheListenersOfItsCluster_AndNoOther()
    {
        using var sender = new RedisClient(servers.Redis, _prefix);
        using var listener = new RedisClient(servers.Redis, _prefix);
        using var stranger = new RedisClient(servers.Redis, $"not-{_prefix}");
        var (heard, overheard) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        listener.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => heard.Enqueue(message.NodeId));
        stranger.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => overheard.Enqueue(message.NodeId));

        sender.Broadcast.Publish(Channels.ClusterLeader, Message("ours"));
        await Eventually.TrueAsync("it is heard", Eventually.Patience, () => heard.Contains("ours"));
        // Over the same connection, so that it arrives after everything that was sent before it.
        stranger.Broadcast.Publish(Channels.ClusterLeader, Message("theirs"));
        await Eventually.TrueAsync("the stranger hears its own", Eventually.Patience, () => overheard.Contains("theirs"));
        Assert.Equal(["theirs"], overheard);
        Assert.Equal(["ours"], heard);
    }

    /// <summary>A client would take a message that arrives out of order for a gap.</summary>
    [Fact]
    public async Task MessagesOfAChannel_ReachTheirListenerInOrder()
    {
        const int Count = 20_000;
        using var sender = new RedisClient(servers.Redis, _prefix);
        using var listener = new RedisClient(servers.Redis, _prefix);
        var heard = new ConcurrentQueue<long>();
        listener.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => heard.Enqueue(message.Epoch));
        for (var number = 0; number < Count; number++)
            sender.Broadcast.Publish(Channels.ClusterLeader, Message("ours") with { Epoch = number });
        await Eventually.TrueAsync("all are heard", Eventually.Patience, () => heard.Count == Count);
        Assert.Equal(Enumerable.Range(0, Count).Select(number => (long)number), heard);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task WhatAnEnemyPublishes_IsDroppedAndCounted_AndWhatNodesSendIsHeard()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        // A channel of its own, because the counter has the channel as its label, and other tests use it at the same time.
        var channel = $"channel-{Guid.NewGuid():N}";
        using var dropped = new DroppedOfChannel(channel);
        using var node = new RedisClient(servers.Redis, _prefix);
        using var stranger = new RedisClient(servers.Redis, _prefix, "a secret of another cluster");
        var enemy = node.Multiplexer.GetSubscriber();
        var captured = new ConcurrentQueue<byte[]>();
        await enemy.SubscribeAsync(node.Broadcast.Channel(channel), (_, message) => captured.Enqueue(message!));
        var heard = new ConcurrentQueue<string>();
        node.Broadcast.Subscribe<LeaderMessage>(channel, message => heard.Enqueue(message.NodeId));

        node.Broadcast.Publish(channel, Message("first"));
        await Eventually.TrueAsync("the first is heard", Eventually.Patience, () => heard.Count == 1 && captured.Count == 1);
        Assert.True(captured.TryDequeue(out var genuine));

        foreach (
            var text in new[] { "no JSON", "null", "[1]", "", JsonSerializer.Serialize(Message("unsealed"), JsonSerializerOptions.Web) }
        )
            await PublishAsync(Encoding.UTF8.GetBytes(text));
        await PublishAsync(genuine);
        for (var times = 0; times < 200; times++)
        {
            var mutated = genuine.ToArray();
            mutated[random.Next(mutated.Length)] ^= (byte)random.Next(1, 256);
            await PublishAsync(mutated);
            var garbage = new byte[random.Next(300)];
            random.NextBytes(garbage);
            await PublishAsync(garbage);
        }

        await PublishAsync(new byte[2 * 1024 * 1024]);
        stranger.Broadcast.Publish(channel, Message("stranger"));
        await stranger.Database.PingAsync();
        node.Broadcast.Publish(channel, Message("second"));
        await Eventually.TrueAsync("the second is heard", Eventually.Patience, () => heard.Contains("second"));
        Assert.Equal(["first", "second"], heard);
        Assert.Equal(5 + 1 + 400 + 1 + 1, dropped.Counts.Values.Sum());
        Assert.Equal((1, 1), (dropped.Counts["replayed"], dropped.Counts["oversized"]));
        Assert.InRange(dropped.Counts["unsealed"], 5, 405);
        Assert.InRange(dropped.Counts["forged"], 1, 400);
        Assert.InRange(dropped.Counts["unknown_key"], 1, 401);

        Task PublishAsync(byte[] message) => enemy.PublishAsync(node.Broadcast.Channel(channel), message);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task AMessageAboveTheBound_IsNotSent_AndTheNextIs()
    {
        var channel = $"channel-{Guid.NewGuid():N}";
        using var dropped = new DroppedOfChannel(channel);
        using var client = new RedisClient(servers.Redis, _prefix);
        var heard = new ConcurrentQueue<string>();
        client.Broadcast.Subscribe<LeaderMessage>(channel, message => heard.Enqueue(message.NodeId));
        client.Broadcast.Publish(channel, Message(new string('n', MessageSeal.MaxBytes)));
        client.Broadcast.Publish(channel, Message("after"));
        await Eventually.TrueAsync("the next is heard", Eventually.Patience, () => !heard.IsEmpty);
        Assert.Equal(["after"], heard);
        Assert.Equal(1, dropped.Counts["oversized"]);
    }

    /// <summary>The rate of the log is all that keeps an attacker from filling an operator's disk.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public void Drops_AreLoggedOnceAMinuteForEachChannel_WithHowManyThereWere()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var log = new LinesOfTest();
        var clock = new FakeTimeProvider();
        var dropped = new DroppedMessages(services.GetRequiredService<IMeterFactory>(), clock, log);
        for (var times = 0; times < 1_000; times++)
        {
            dropped.Count("one", "forged");
            dropped.Count("two", "forged");
        }

        Assert.Equal(2, log.Lines.Count);
        Assert.All(log.Lines, line => Assert.Contains("forged. 0 more were dropped", line));
        clock.Advance(TimeSpan.FromMinutes(1));
        dropped.Count("one", "forged");
        Assert.Contains("forged. 999 more were dropped", Assert.Single(log.Lines.Skip(2)));
    }

    private static LeaderMessage Message(string node) => new("released", "thing", node, "http://127.0.0.1:1", 1);

    private sealed class LinesOfTest : ILogger<DroppedMessages>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> format) =>
            Lines.Add(format(state, error));
    }

    private sealed class DroppedOfChannel : IDisposable
    {
        private readonly MeterListener _listener = new();

        public DroppedOfChannel(string channel)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == MetricNames.PubSubDropped)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>(
                (_, value, tags, _) =>
                {
                    if ((string?)tags[0].Value == channel)
                        Counts.AddOrUpdate((string)tags[1].Value!, value, (_, before) => before + value);
                }
            );
            _listener.Start();
        }

        public ConcurrentDictionary<string, long> Counts { get; } = new();

        public void Dispose() => _listener.Dispose();
    }
}
