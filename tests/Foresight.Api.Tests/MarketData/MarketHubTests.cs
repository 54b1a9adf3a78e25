using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.MarketData;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Tests.MarketData;

/// <summary>The tests share market 2, so each continues in the journal where the one before it ended.</summary>
[Collection(ApiStackCollection.Name)]
public sealed class MarketHubTests(ApiStack stack) : IAsyncLifetime
{
    private const int Market = 2;

    private RedisClient _redis = null!;
    private long _sequence;
    private long _epoch;

    public async Task InitializeAsync()
    {
        _redis = stack.ConnectAsNode();
        _sequence = await stack.ScalarAsync<long>("SELECT max(sequence) FROM commands");
        _epoch = await stack.ScalarAsync<long>("SELECT max(epoch) FROM commands");
    }

    public Task DisposeAsync()
    {
        _redis.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Depth_BeginsWithASnapshot_AndGoesOnWithChanges_WhoseChecksumsHold()
    {
        await using var client = await HubClientOfTest.OpenAsync(stack);
        await CommitAsync(new LevelChange(0, true, 4000, 10));
        Assert.Null(await client.InvokeAsync("Subscribe", "depth", Market));
        var snapshot = await client.NextAsync("depth");
        Assert.True(snapshot.GetProperty("snapshot").GetBoolean());
        var previous = _sequence;
        await CommitAsync(new LevelChange(0, true, 4100, 20));
        var change = await client.NextAsync("depth", message => message.GetProperty("sequence").GetInt64() == _sequence);
        Assert.Equal(previous, change.GetProperty("previous").GetInt64());
        var depth = await stack.Http.GetFromJsonAsync<DepthView>($"markets/{Market}/depth?outcome=0&levels=1000");
        Assert.Equal((_epoch, _sequence), (depth!.Epoch, depth.Sequence));
        Assert.Equal(depth.Checksum, change.GetProperty("checksums")[0].GetUInt32());
        Assert.Equal(depth.Checksum, BookChecksum.Of(Levels(depth.Bids), Levels(depth.Asks)));

        static IEnumerable<KeyValuePair<int, long>> Levels(IReadOnlyList<LevelView> levels) =>
            levels.Select(level =>
                KeyValuePair.Create((int)(decimal.Parse(level.Price) * 10_000), (long)(decimal.Parse(level.Quantity) * 100))
            );
    }

    [Fact]
    public async Task AMissingMessage_IsHealedFromTheJournal()
    {
        await using var client = await HubClientOfTest.OpenAsync(stack);
        await client.InvokeAsync("Subscribe", "depth", Market);
        await CommitAsync(new LevelChange(0, true, 4200, 1));
        await client.NextAsync("depth", message => message.GetProperty("sequence").GetInt64() == _sequence);
        // Committed, but its message is lost, so the next one reveals the gap.
        await CommitAsync(new LevelChange(0, true, 4300, 33), isLost: true);
        await CommitAsync(new LevelChange(0, true, 4400, 44));
        var healed = await client.NextAsync(
            "depth",
            message => message.GetProperty("snapshot").GetBoolean() && message.GetProperty("sequence").GetInt64() == _sequence
        );
        var lots = healed
            .GetProperty("levels")
            .EnumerateArray()
            .ToDictionary(level => level.GetProperty("priceTicks").GetInt32(), level => level.GetProperty("lots").GetInt64());
        Assert.Equal((33L, 44L), (lots[4300], lots[4400]));
    }

    [Fact]
    public async Task AMissingMessageBeforeASilence_IsFoundByThePositionThatIsRepeated()
    {
        await using var client = await HubClientOfTest.OpenAsync(stack);
        await client.InvokeAsync("Subscribe", "depth", Market);
        await client.NextAsync("depth");
        await CommitAsync(new LevelChange(0, true, 4350, 35), isLost: true);
        for (var times = 0; times < 3; times++)
            Publish(Channels.Depth, new DepthMessage(Market, _epoch, _sequence, _sequence, Snapshot: false, []));
        var healed = await client.NextAsync("depth", message => message.GetProperty("sequence").GetInt64() == _sequence);
        Assert.True(healed.GetProperty("snapshot").GetBoolean());
        Assert.Contains(healed.GetProperty("levels").EnumerateArray(), level => level.GetProperty("priceTicks").GetInt32() == 4350);
        Assert.DoesNotContain(await client.UntilHeartbeatsAsync(), message => message.Target == "depth");
    }

    [Fact]
    public async Task AMessageOfAnOlderEpoch_ReachesNobody()
    {
        await using var client = await HubClientOfTest.OpenAsync(stack);
        await client.InvokeAsync("Subscribe", "depth", Market);
        await client.NextAsync("depth");
        _epoch++;
        await CommitAsync(new LevelChange(0, true, 4500, 5), isSnapshot: true);
        await client.NextAsync("depth", message => message.GetProperty("epoch").GetInt64() == _epoch);
        Publish(Channels.Depth, new DepthMessage(Market, _epoch - 1, _sequence + 50, _sequence, Snapshot: false, [new(0, true, 1, 1)]));
        Assert.DoesNotContain(await client.UntilHeartbeatsAsync(), message => message.Target == "depth");
        Assert.Contains("foresight_pubsub_stale_total{channel=\"ws:depth\"}", await stack.Http.GetStringAsync("metrics"));
    }

    /// <summary>A message this close to the journal's end may come from a leader, so it is believed until the next comparison.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task AMessageSlightlyAheadOfTheJournal_DoesNotStopTheBookForGood()
    {
        await using var client = await HubClientOfTest.OpenAsync(stack);
        await client.InvokeAsync("Subscribe", "depth", Market);
        await client.NextAsync("depth");
        Publish(Channels.Depth, new DepthMessage(Market, _epoch, _sequence + 1_000, _sequence, Snapshot: false, [new(0, true, 13, 13)]));
        await client.NextAsync("depth", message => message.GetProperty("sequence").GetInt64() == _sequence + 1_000);
        await CommitAsync(new LevelChange(0, true, 4650, 65));
        var healed = await client.NextAsync(
            "depth",
            message => message.GetProperty("snapshot").GetBoolean() && message.GetProperty("sequence").GetInt64() == _sequence
        );
        Assert.Equal(_epoch, healed.GetProperty("epoch").GetInt64());
        Assert.DoesNotContain(healed.GetProperty("levels").EnumerateArray(), level => level.GetProperty("priceTicks").GetInt32() == 13);
    }

    [Fact]
    public async Task ATradesWayThroughSettlement_ReachesThoseWhoFollowItsMarket_OnceAndInOrder()
    {
        await using var follower = await HubClientOfTest.OpenAsync(stack);
        await using var other = await HubClientOfTest.OpenAsync(stack);
        Assert.Null(await follower.InvokeAsync("Subscribe", "trades", Market));
        Assert.Null(await other.InvokeAsync("Subscribe", "trades", 1));
        var term = await SettlementTermAsync();
        Tell(term, 1, 0, "broadcast");
        var first = await follower.NextAsync("trade_state");
        Assert.Equal(
            ("broadcast", 77L),
            (
                first.GetProperty("trades")[0].GetProperty("settlement").GetString(),
                first.GetProperty("trades")[0].GetProperty("tradeId").GetInt64()
            )
        );

        // Neither a message of a previous holder of the lease nor a duplicate is a new state.
        Tell(term - 1, 9, 8, "failed");
        Tell(term, 1, 0, "broadcast");
        // Number 2 is lost, so number 3 reveals the gap.
        Tell(term, 3, 2, "final");
        var seen = new[] { await follower.NextAnyAsync(), await follower.NextAnyAsync(), await follower.NextAnyAsync() };
        Assert.Equal(["continuity lost", "trade_state final", "continuity restored"], seen.Select(Summary));
        // A repair has no sequence number, so it must use none of the settler's.
        Tell(0, 0, 0, "failed");
        Tell(term, 4, 3, "final");
        Assert.Equal(
            ["trade_state failed", "trade_state final"],
            new[] { Summary(await follower.NextAnyAsync()), Summary(await follower.NextAnyAsync()) }
        );
        // A repeated position brings nothing; without number 5, and without the last of a term, it reveals the gap.
        Repeat(term, 4);
        Repeat(term, 5);
        Repeat(term + 1, 2);
        Tell(term + 1, 3, 2, "final");
        foreach (
            var next in new[] { "continuity lost", "continuity restored", "continuity lost", "continuity restored", "trade_state final" }
        )
            Assert.Equal(next, Summary(await follower.NextAnyAsync()));
        Assert.DoesNotContain(await other.UntilHeartbeatsAsync(), message => message.Target == "trade_state");

        void Repeat(long epochOfTerm, long number) =>
            Publish(Channels.TradeStates, new TradeStatesMessage(Market, epochOfTerm, number, number, []));

        void Tell(long epochOfTerm, long number, long previous, string state) =>
            Publish(
                Channels.TradeStates,
                new TradeStatesMessage(Market, epochOfTerm, number, previous, [new TradeState(77, Market, state, null, "0x12", 5)])
            );

        static string Summary(HubEvent message) =>
            message.Target switch
            {
                "continuity" => $"continuity {message.Body.GetProperty("state").GetString()}",
                "trade_state" => $"trade_state {message.Body.GetProperty("trades")[0].GetProperty("settlement").GetString()}",
                var target => target,
            };
    }

    [Fact]
    public async Task AClientThatComesBack_GetsWhatItMissed()
    {
        // Other tests write commands without messages, so the first message may reveal a gap. The book read then must not include the
        // second change: a book that is read keeps no messages to resend.
        await CommitAsync(new LevelChange(0, true, 4600, 1));
        await NodeHasItAsync();
        var known = _sequence;
        await CommitAsync(new LevelChange(0, true, 4600, 2));
        await NodeHasItAsync();
        await using var client = await HubClientOfTest.OpenAsync(stack);
        await client.InvokeAsync("Resume", "depth", Market, _epoch, known);
        var first = await client.NextAsync("depth");
        Assert.Equal(
            (_sequence, known, false),
            (first.GetProperty("sequence").GetInt64(), first.GetProperty("previous").GetInt64(), first.GetProperty("snapshot").GetBoolean())
        );
    }

    [Fact]
    public async Task OrderUpdates_GoToTheirOwnerAlone()
    {
        await using var owner = await HubClientOfTest.OpenAsync(stack);
        await using var stranger = await HubClientOfTest.OpenAsync(stack);
        var (ours, theirs) = (PrivateKey.OfPhrase("owner of orders"), PrivateKey.OfPhrase("stranger to orders"));
        Assert.Null(await SubscribeOrdersAsync(owner, ours.Address, ours));
        Assert.Null(await SubscribeOrdersAsync(stranger, theirs.Address, theirs));
        Assert.Contains("unauthorized", await SubscribeOrdersAsync(stranger, ours.Address, theirs));
        Assert.Contains("unauthorized", await SubscribeOrdersAsync(stranger, ours.Address, ours, age: 301));
        Assert.Contains("unauthorized", await SubscribeOrdersAsync(stranger, ours.Address, ours, age: -360));
        Assert.Contains("malformed_request", await stranger.InvokeAsync("SubscribeOrders", "0x12", 0, "0x"));

        Publish(
            Channels.Orders,
            new OrdersMessage(_epoch, ++_sequence, [Update(ours.Address, "a"), Update(theirs.Address, "b"), Update(Address.Zero, "c")])
        );
        var update = await owner.NextAsync("orders");
        Assert.Equal("a", Assert.Single(update.GetProperty("updates").EnumerateArray()).GetProperty("orderId").GetString());
        var other = await stranger.NextAsync("orders");
        Assert.Equal("b", Assert.Single(other.GetProperty("updates").EnumerateArray()).GetProperty("orderId").GetString());
        Assert.DoesNotContain(await stranger.UntilHeartbeatsAsync(), message => message.Target == "orders");
    }

    [Fact]
    [Trait("Category", "Firm")]
    public async Task Withdrawals_GoToTheirOwnerAlone_Once_AndALostOneIsNoticedByAllWhoFollow()
    {
        await using var owner = await HubClientOfTest.OpenAsync(stack);
        await using var stranger = await HubClientOfTest.OpenAsync(stack);
        var (ours, theirs) = (PrivateKey.OfPhrase("owner of withdrawals"), PrivateKey.OfPhrase("stranger to withdrawals"));
        Assert.Null(await SubscribeOrdersAsync(owner, ours.Address, ours));
        Assert.Null(await SubscribeOrdersAsync(stranger, theirs.Address, theirs));
        var term = await SettlementTermAsync();

        Tell(term, 1, 0, ours.Address, WithdrawalStates.Leaving);
        var first = await owner.NextAsync("withdrawals");
        var update = Assert.Single(first.GetProperty("withdrawals").EnumerateArray());
        Assert.Equal(
            (ours.Address.ToString(), "leaving", "12.5"),
            (update.GetProperty("account").GetString(), update.GetProperty("state").GetString(), update.GetProperty("amount").GetString())
        );
        Assert.Equal((term, 1L), (first.GetProperty("epoch").GetInt64(), first.GetProperty("sequence").GetInt64()));
        Assert.False(first.TryGetProperty("previous", out _));

        // Neither a duplicate nor a message of a holder before is a change. Number 2 is lost, so number 3 reveals the gap.
        Tell(term, 1, 0, ours.Address, WithdrawalStates.Leaving);
        Tell(term - 1, 9, 8, ours.Address, WithdrawalStates.Finished);
        Tell(term, 3, 2, ours.Address, WithdrawalStates.Ready);
        var seen = new[] { await owner.NextAnyAsync(), await owner.NextAnyAsync(), await owner.NextAnyAsync() };
        Assert.Equal(["lost", "ready", "restored"], seen.Select(Summary));
        var others = await stranger.UntilHeartbeatsAsync();
        Assert.Equal(["lost", "restored"], others.Where(message => message.Target != "heartbeat").Select(Summary));

        // A repeated position brings nothing; without number 4, and in another term, it reveals a gap.
        Repeat(term, 3);
        Repeat(term, 4);
        Repeat(term + 1, 1);
        Tell(term + 1, 2, 1, ours.Address, WithdrawalStates.Finished);
        foreach (var next in new[] { "lost", "restored", "lost", "restored", "finished" })
            Assert.Equal(next, Summary(await owner.NextAnyAsync()));

        void Repeat(long epoch, long number) => Publish(Channels.Withdrawals, new WithdrawalsMessage(epoch, number, [], number));

        void Tell(long epoch, long number, long previous, Address account, string state) =>
            Publish(
                Channels.Withdrawals,
                new WithdrawalsMessage(
                    epoch,
                    number,
                    [
                        new(
                            account.ToString(),
                            "USDC",
                            "12.5",
                            WithdrawalKinds.Request,
                            state,
                            DateTimeOffset.UnixEpoch,
                            ReadyBlock: 9,
                            Nonce: null,
                            Block: 8,
                            TransactionHash: null
                        ),
                    ],
                    previous
                )
            );

        static string Summary(HubEvent message) =>
            message.Target switch
            {
                "continuity" when message.Body.GetProperty("topic").GetString() == "withdrawals" => message
                    .Body.GetProperty("state")
                    .GetString()!,
                "withdrawals" => message.Body.GetProperty("withdrawals")[0].GetProperty("state").GetString()!,
                var target => target,
            };
    }

    /// <summary>An epoch of settlement's lease that the journal knows, and the one after it.</summary>
    private async Task<long> SettlementTermAsync()
    {
        var term = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await stack.ExecuteAsync(
            $"""
            INSERT INTO leadership (resource, epoch, token) VALUES ('{LeasedResources.Settlement}', {term + 1}, gen_random_uuid())
                ON CONFLICT (resource) DO UPDATE SET epoch = {term + 1}
            """
        );
        return term;
    }

    [Theory]
    [InlineData("depth", 99, "invalid_market")]
    [InlineData("orders", 1, "malformed_request")]
    [InlineData("everything", 1, "malformed_request")]
    public async Task AWrongSubscription_IsRefusedWithItsCode(string topic, int market, string code)
    {
        await using var client = await HubClientOfTest.OpenAsync(stack);
        Assert.Contains(code, await client.InvokeAsync("Subscribe", topic, market));
    }

    [Fact]
    public async Task WithoutRedis_ClientsAreTold_ReadsAreServed_AndAllIsWellAfterwards()
    {
        await using var client = await HubClientOfTest.OpenAsync(stack);
        await client.InvokeAsync("Subscribe", "depth", Market);
        await client.NextAsync("depth");
        // A starved machine may have dropped a silent connection just before, which raises no event, and its end would raise none either.
        await Eventually.TrueAsync(
            "the node hears Redis",
            Eventually.Patience,
            async () => (await stack.Http.GetStringAsync("metrics")).Contains("foresight_pubsub_connection_status{} 1\n")
        );
        await stack.KillAsync("redis");
        try
        {
            Assert.Equal("lost", (await client.NextAsync("continuity", IsDepth)).GetProperty("state").GetString());
            Assert.Equal(200, (int)(await stack.Http.GetAsync("trades")).StatusCode);
            Assert.Equal(200, (int)(await stack.Http.GetAsync("ready")).StatusCode);
            Assert.Equal(200, (int)(await stack.Http.GetAsync("alive")).StatusCode);
            // The state that was read just before the end is shown until the next reading.
            await Eventually.TrueAsync(
                "Redis is down, and the rest is shown",
                TimeSpan.FromSeconds(20),
                async () =>
                    await stack.Admin.GetFromJsonAsync<AdminOverview>("admin/overview")
                        is { Cluster.Redis.State: "down", Reconciliation: not null }
            );

            // No message of this commit is sent, so the node must read it.
            await CommitAsync(new LevelChange(0, true, 4700, 77), isLost: true);
            Assert.Equal("restored", (await client.NextAsync("continuity", IsDepth)).GetProperty("state").GetString());
            await client.NextAsync("depth", HasTheCommit);
            Assert.Equal(200, (int)(await stack.Http.GetAsync($"markets/{Market}/depth")).StatusCode);
        }
        finally
        {
            await stack.StartServerAsync("redis");
        }

        await CommitAsync(new LevelChange(0, true, 4701, 78));
        await client.NextAsync("depth", message => message.GetProperty("sequence").GetInt64() == _sequence);
        await Eventually.TrueAsync(
            "the cluster can be read",
            TimeSpan.FromSeconds(20),
            async () => (await stack.Http.GetFromJsonAsync<ClusterStatus>("cluster/status"))!.Redis!.State == "up"
        );

        static bool HasTheCommit(JsonElement message) =>
            message.GetProperty("snapshot").GetBoolean()
            && message
                .GetProperty("levels")
                .EnumerateArray()
                .Any(level => level.GetProperty("priceTicks").GetInt32() == 4700 && level.GetProperty("lots").GetInt64() == 77);

        static bool IsDepth(JsonElement message) =>
            message.GetProperty("topic").GetString() == "depth" && message.GetProperty("market").GetInt32() == Market;
    }

    private static Task<string?> SubscribeOrdersAsync(HubClientOfTest client, Address address, PrivateKey key, int age = 0)
    {
        var issuedAt = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - age;
        return client.InvokeAsync(
            "SubscribeOrders",
            address.ToString(),
            issuedAt,
            Hex.Encode(PersonalMessage.Sign($"Foresight orders\n{address.ToLowerHex()}\n{issuedAt}", key))
        );
    }

    private Task NodeHasItAsync() =>
        Eventually.TrueAsync(
            "the node has the last change",
            TimeSpan.FromSeconds(20),
            async () => (await stack.Http.GetFromJsonAsync<DepthView>($"markets/{Market}/depth"))!.Sequence == _sequence
        );

    private OrderUpdate Update(Address owner, string id) =>
        new(owner.ToLowerHex(), id, Market, "accepted", "open", "0", "1", null, null, _epoch, _sequence);

    private async Task CommitAsync(LevelChange level, bool isLost = false, bool isSnapshot = false)
    {
        var previous = _sequence++;
        await stack.CommitAsync(Market, _epoch, _sequence, level);
        if (isLost)
            return;
        IReadOnlyList<LevelChange> levels = isSnapshot ? await WholeAsync() : [level];
        Publish(Channels.Depth, new DepthMessage(Market, _epoch, _sequence, isSnapshot ? 0 : previous, isSnapshot, levels));
    }

    private async Task<IReadOnlyList<LevelChange>> WholeAsync()
    {
        var levels = new List<LevelChange>();
        await using var command = stack.Primary.CreateCommand(
            $"SELECT outcome, is_buy, price_ticks, quantity_lots FROM orders WHERE market_id = {Market}"
        );
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            levels.Add(new LevelChange(reader.GetInt16(0), reader.GetBoolean(1), reader.GetInt32(2), reader.GetInt64(3)));
        return levels;
    }

    private void Publish<T>(string channel, T message) => _redis.Broadcast.Publish(channel, message);
}
