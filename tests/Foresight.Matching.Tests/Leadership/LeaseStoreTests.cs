using System.Text.Json;
using Foresight.Protocol;
using Foresight.Matching.Leadership;
using Foresight.Matching.Tests.Stores;
using Foresight.Cluster;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>What the lease must do on any backend, asked of a real Redis.</summary>
[Collection(StoresCollection.Name)]
public sealed class LeaseStoreTests : IDisposable
{
    private const string Resource = "thing";
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

    private readonly RedisClient redis;
    private readonly RedisLeaseStore store;
    private readonly LeaseRecord mine = Record("a");
    private readonly LeaseRecord theirs = Record("b");

    public LeaseStoreTests(StoresFixture stores)
    {
        redis = new RedisClient(stores.Redis, $"{Guid.NewGuid():N}:");
        store = new RedisLeaseStore(redis.Database, redis.Broadcast, TimeProvider.System, NullLogger<RedisLeaseStore>.Instance);
    }

    private static RedisKey Key => LeaderDirectory.LeaseKey(Resource);

    public void Dispose() => redis.Dispose();

    [Fact]
    public async Task ALease_IsWonOnce()
    {
        Assert.True(await store.TryAcquireAsync(Resource, mine, Duration));
        Assert.False(await store.TryAcquireAsync(Resource, theirs, Duration));
        Assert.Equal(mine.Token, (await store.ReadAsync(Resource, Duration)).Holder!.Token);
    }

    [Fact]
    public async Task OneOfManyBidders_WinsALease()
    {
        var bids = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => store.TryAcquireAsync(Resource, Record($"n{i}"), Duration)));
        Assert.Equal(1, bids.Count(won => won));
    }

    [Fact]
    public async Task ARenewal_ExtendsTheLease_AndShowsTheEpoch()
    {
        await store.TryAcquireAsync(Resource, mine, TimeSpan.FromMilliseconds(500));
        Assert.Equal(RenewOutcome.Renewed, await store.RenewAsync(Resource, mine with { Epoch = 7 }, Duration));
        Assert.True(await redis.Database.KeyTimeToLiveAsync(Key) > TimeSpan.FromSeconds(4));
        Assert.Equal(7, (await store.ReadAsync(Resource, Duration)).Holder!.Epoch);
    }

    [Fact]
    public async Task ALateRenewalOfTheHolderBefore_ChangesNothing()
    {
        await store.TryAcquireAsync(Resource, theirs, Duration);
        Assert.Equal(RenewOutcome.NotOurs, await store.RenewAsync(Resource, mine, Duration));
        Assert.Equal(theirs.Token, (await store.ReadAsync(Resource, Duration)).Holder!.Token);
    }

    [Fact]
    public async Task TheSameNodeName_WithAnotherToken_IsSomebodyElse()
    {
        await store.TryAcquireAsync(Resource, mine, Duration);
        Assert.Equal(RenewOutcome.NotOurs, await store.RenewAsync(Resource, Record(mine.NodeId), Duration));
    }

    [Fact]
    public async Task ALeaseThatRedisForgot_IsWrittenAgainByItsHolder()
    {
        await store.TryAcquireAsync(Resource, mine, Duration);
        await redis.Database.KeyDeleteAsync(Key);
        Assert.Equal(RenewOutcome.Renewed, await store.RenewAsync(Resource, mine, Duration));
        Assert.False(await store.TryAcquireAsync(Resource, theirs, Duration));
    }

    [Fact]
    public async Task ARelease_TouchesOnlyItsOwnLease()
    {
        await store.TryAcquireAsync(Resource, theirs, Duration);
        await store.ReleaseAsync(Resource, mine);
        Assert.True((await store.ReadAsync(Resource, Duration)).Held);
        await store.ReleaseAsync(Resource, theirs);
        Assert.False((await store.ReadAsync(Resource, Duration)).Held);
    }

    [Fact]
    public async Task AReplacement_NeedsTheDeadHoldersToken()
    {
        await store.TryAcquireAsync(Resource, theirs, Duration);
        Assert.False(await store.TryReplaceAsync(Resource, Guid.NewGuid(), mine, Duration));
        Assert.True(await store.TryReplaceAsync(Resource, theirs.Token, mine, Duration));
        Assert.Equal(mine.Token, (await store.ReadAsync(Resource, Duration)).Holder!.Token);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"token\":\"forged\"}")]
    [InlineData("[1]")]
    public async Task AValueWrittenByHandWithoutAnEnd_BlocksNobodyForEver(string value)
    {
        await redis.Database.StringSetAsync(Key, value);
        Assert.Equal(RenewOutcome.NotOurs, await store.RenewAsync(Resource, mine, Duration));
        Assert.True((await store.ReadAsync(Resource, Duration)).Held);
        Assert.True(await redis.Database.KeyTimeToLiveAsync(Key) <= Duration);
    }

    [Fact]
    public async Task AForgedLeaseWithALateEnd_EndsWithinALease()
    {
        await redis.Database.StringSetAsync(Key, JsonSerializer.Serialize(theirs, JsonSerializerOptions.Web), TimeSpan.FromDays(1));
        Assert.Equal(theirs.Token, (await store.ReadAsync(Resource, Duration)).Holder!.Token);
        Assert.True(await redis.Database.KeyTimeToLiveAsync(Key) <= Duration);
    }

    [Fact]
    public async Task ALeaseWithItsOwnEnd_IsNotProlongedByWhoeverReadsIt()
    {
        await store.TryAcquireAsync(Resource, mine, Duration / 2);
        await store.ReadAsync(Resource, Duration);
        Assert.True(await redis.Database.KeyTimeToLiveAsync(Key) <= Duration / 2);
    }

    /// <summary>GET of such a key is an error, and would be one for ever.</summary>
    [Fact]
    public async Task AKeyOfAnotherType_IsNoLease_ToAnyScript()
    {
        await ForgeAsync();
        Assert.Equal(new LeaseReading(false, null), await store.ReadAsync(Resource, Duration));
        Assert.True(await store.TryAcquireAsync(Resource, mine, Duration));

        await ForgeAsync();
        Assert.Equal(RenewOutcome.Renewed, await store.RenewAsync(Resource, mine, Duration));
        Assert.Equal(mine.Token, (await store.ReadAsync(Resource, Duration)).Holder!.Token);

        await ForgeAsync();
        Assert.True(await store.TryReplaceAsync(Resource, mine.Token, theirs, Duration));
        Assert.Equal(theirs.Token, (await store.ReadAsync(Resource, Duration)).Holder!.Token);

        await ForgeAsync();
        await store.ReleaseAsync(Resource, theirs);
        Assert.False((await store.ReadAsync(Resource, Duration)).Held);

        async Task ForgeAsync()
        {
            await redis.Database.KeyDeleteAsync(Key);
            await redis.Database.HashSetAsync(Key, "token", "forged");
        }
    }

    private static LeaseRecord Record(string nodeId) =>
        new(nodeId, "http://127.0.0.1:1", Guid.NewGuid(), 0, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
}
