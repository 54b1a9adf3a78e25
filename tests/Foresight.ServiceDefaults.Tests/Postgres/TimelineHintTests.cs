using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.ServiceDefaults.Tests.Postgres;

/// <summary>No number in Redis may stop the cluster for good. Redis and Postgres are real here.</summary>
[Collection(ServersCollection.Name)]
[Trait("Category", "Trust")]
public sealed class TimelineHintTests(Servers servers) : IDisposable
{
    private readonly RedisClient _redis = new(servers.Redis, $"{Guid.NewGuid():N}:");
    private readonly HandMovedTime _time = new();

    public void Dispose() => _redis.Dispose();

    [Fact]
    public async Task WhatANodeSaw_IsReadByTheNext()
    {
        var system = await SystemAsync();
        var (first, second) = (Guard(), Guard());
        first.Admit("new", new Timeline(system, 7));
        await ExchangeAsync(first, system);
        await ExchangeAsync(second, system);
        Assert.Throws<TimelineRefusedException>(() => second.Admit("old", new Timeline(system, 6)));
        Assert.Empty(second.Seen);
    }

    [Fact]
    public async Task AMarkUnderTheLastKey_IsSignedAgain_ByANodeThatSignsWithTheNext()
    {
        const string Next = "the next secret of these tests";
        var system = await SystemAsync();
        var key = TimelineHint.KeyOf(system);
        await _redis.Database.StringSetAsync(key, TestHints.Of().Sign(key, new TimelineMark(7)));
        var guard = Guard();
        guard.Admit("new", new Timeline(system, 7));
        await new TimelineHint(_redis.Database, TestHints.Of(Next, alsoAccepted: TestStores.ClusterSecret)).ExchangeAsync(
            guard,
            [system],
            CancellationToken.None
        );
        var value = await _redis.Database.StringGetAsync(key);
        Assert.Equal(7, TestHints.Of(Next).Read<TimelineMark>(HintKinds.Timeline, key, value, lifetime: null)?.Number);
    }

    [Theory]
    [InlineData("9")]
    [InlineData("""{"number":9}""")]
    [InlineData("""{"number":9,"proof":{"keyId":"00000000","sender":"x","boot":"00000000-0000-0000-0000-000000000000","tag":"AAAA"}}""")]
    public async Task AForgedNumber_IsNotHeard_AndIsReplacedByWhatWasSeen(string forged)
    {
        var system = await SystemAsync();
        await _redis.Database.StringSetAsync(TimelineHint.KeyOf(system), forged);
        await AssertReplacedAsync(system);
    }

    [Fact]
    public async Task AKeyOfAnotherType_IsReplacedByWhatWasSeen()
    {
        var system = await SystemAsync();
        await _redis.Database.HashSetAsync(TimelineHint.KeyOf(system), "number", 9);
        await AssertReplacedAsync(system);
    }

    [Fact]
    public async Task ANumberOfAnotherSystem_IsNotHeard()
    {
        var system = await SystemAsync();
        var key = TimelineHint.KeyOf(system);
        var other = TimelineHint.KeyOf(system + 1);
        await _redis.Database.StringSetAsync(key, TestHints.Of().Sign(other, new TimelineMark(9)));
        await AssertReplacedAsync(system);
    }

    /// <summary>A genuine mark may be of a server that was thrown away for a backup, so it too gives way to the servers' answers.</summary>
    [Fact]
    public async Task AGenuineNumberThatEveryServerContradicts_IsForgotten_AndNotWrittenBack()
    {
        var system = await SystemAsync();
        var key = TimelineHint.KeyOf(system);
        await _redis.Database.StringSetAsync(key, TestHints.Of(nodeId: "gone").Sign(key, new TimelineMark(900)));
        var guard = Guard();
        var address = new PostgresAddress(new NpgsqlConnectionStringBuilder(servers.Postgres), []);
        await using var primaries = new PrimaryServers(address, guard, Hint());
        await using var source = primaries.Open(primaries.Settings, "primary", NullLoggerFactory.Instance);

        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await source.OpenConnectionAsync());
        await primaries.SurveyAsync(default);
        _time.Passed = TimelineGuard.ForgetsAfter - TimeSpan.FromSeconds(1);
        await primaries.SurveyAsync(default);
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await source.OpenConnectionAsync());

        _time.Passed = TimelineGuard.ForgetsAfter;
        await primaries.SurveyAsync(default);
        await using (await source.OpenConnectionAsync()) { }
        await primaries.SurveyAsync(default);
        await using (await source.OpenConnectionAsync()) { }
        var mark = TestHints.Of().Read<TimelineMark>("timeline", key, await _redis.Database.StringGetAsync(key), lifetime: null);
        Assert.Equal((long)guard.Newest!.Value.Number, mark!.Number);
    }

    /// <summary>The enemy has the secret and a role's password: each look of the node finds a genuine mark with a new number.</summary>
    [Fact]
    public async Task GenuineNumbersThatNoServerHas_StopNoNodeThatWorks_WhateverIsWrittenNext()
    {
        var system = await SystemAsync();
        var key = TimelineHint.KeyOf(system);
        var guard = Guard();
        var lettingGo = 0;
        guard.Raised += () => lettingGo++;
        var address = new PostgresAddress(new NpgsqlConnectionStringBuilder(servers.Postgres), []);
        await using var primaries = new PrimaryServers(address, guard, Hint());
        await using var source = primaries.Open(primaries.Settings, "primary", NullLoggerFactory.Instance);
        await using (await source.OpenConnectionAsync()) { }

        for (var number = 900; number < 930; number++, _time.Passed += TimeSpan.FromSeconds(5))
        {
            await _redis.Database.StringSetAsync(key, TestHints.Of(nodeId: "gone").Sign(key, new TimelineMark(number)));
            await primaries.SurveyAsync(default);
            source.Clear();
            await using (await source.OpenConnectionAsync()) { }
        }

        Assert.Equal(0, lettingGo);
    }

    /// <summary>What the hint is for: the promoted server is out of this node's reach, and the old primary is not.</summary>
    [Fact]
    public async Task WhatAnotherNodeSaw_EndsTheUseOfAnOldPrimary_IfANamedServerIsOutOfReach()
    {
        var system = await SystemAsync();
        var key = TimelineHint.KeyOf(system);
        var guard = Guard();
        var outOfReach = new ServerPlace("127.0.0.1", 1);
        var address = new PostgresAddress(new NpgsqlConnectionStringBuilder(servers.Postgres), [], [outOfReach]);
        await using var primaries = new PrimaryServers(address, guard, Hint());
        await using var source = primaries.Open(primaries.Settings, "primary", NullLoggerFactory.Instance);
        await using (await source.OpenConnectionAsync()) { }

        await _redis.Database.StringSetAsync(key, TestHints.Of(nodeId: "other").Sign(key, new TimelineMark(900)));
        await primaries.SurveyAsync(default);
        var error = await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await source.OpenConnectionAsync());
        Assert.Contains("ended when a standby was promoted", error.ToString());
        _time.Passed = TimeSpan.FromDays(1);
        await primaries.SurveyAsync(default);
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await source.OpenConnectionAsync());
    }

    private async Task AssertReplacedAsync(long system)
    {
        var key = TimelineHint.KeyOf(system);
        var guard = Guard();
        await ExchangeAsync(guard, system);
        guard.Admit("ours", new Timeline(system, 3));
        await ExchangeAsync(guard, system);
        var mark = TestHints.Of().Read<TimelineMark>("timeline", key, await _redis.Database.StringGetAsync(key), lifetime: null);
        Assert.Equal(3L, mark!.Number);
    }

    private async Task<long> SystemAsync()
    {
        await using var source = NpgsqlDataSource.Create(servers.Postgres);
        await using var connection = await source.OpenConnectionAsync();
        return (await Timeline.OfAsync(connection, default))!.Value.System;
    }

    private Task ExchangeAsync(TimelineGuard guard, long system) => Hint().ExchangeAsync(guard, [system], default);

    private TimelineHint Hint() => new(_redis.Database, TestHints.Of());

    private TimelineGuard Guard() => new(_time, NullLogger<TimelineGuard>.Instance);
}
