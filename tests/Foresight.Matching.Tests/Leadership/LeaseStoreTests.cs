using System.Text.Json;
using Foresight.Cluster;
using Foresight.Matching.Leadership;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Foresight.Matching.Tests.Leadership;

[Collection(StoresCollection.Name)]
public sealed class LeaseStoreTests : IDisposable
{
    private const string Resource = "thing";
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

    private readonly RedisClient _redis;
    private readonly RedisLeaseStore _store;
    private readonly LeaseRecord _mine = Record("a");
    private readonly LeaseRecord _theirs = Record("b");

    public LeaseStoreTests(StoresFixture stores)
    {
        _redis = new RedisClient(stores.Redis, $"{Guid.NewGuid():N}:");
        _store = new RedisLeaseStore(_redis.Database, _redis.Broadcast, TimeProvider.System, NullLogger<RedisLeaseStore>.Instance);
    }

    private static RedisKey Key => LeaderDirectory.LeaseKey(Resource);

    public void Dispose() => _redis.Dispose();

    [Fact]
    public async Task ALease_IsWonOnce()
    {
        Assert.True(await _store.TryAcquireAsync(Resource, _mine, Duration));
        Assert.False(await _store.TryAcquireAsync(Resource, _theirs, Duration));
        Assert.Equal(_mine.Token, (await _store.ReadAsync(Resource, Duration)).Holder!.Token);
    }

    [Fact]
    public async Task OneOfManyBidders_WinsALease()
    {
        var bids = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => _store.TryAcquireAsync(Resource, Record($"n{i}"), Duration)));
        Assert.Equal(1, bids.Count(won => won));
    }

    [Fact]
    public async Task ARenewal_ExtendsTheLease_AndShowsTheEpoch()
    {
        await _store.TryAcquireAsync(Resource, _mine, TimeSpan.FromMilliseconds(500));
        Assert.Equal(RenewOutcome.Renewed, await _store.RenewAsync(Resource, _mine with { Epoch = 7 }, Duration));
        Assert.True(await _redis.Database.KeyTimeToLiveAsync(Key) > TimeSpan.FromSeconds(4));
        Assert.Equal(7, (await _store.ReadAsync(Resource, Duration)).Holder!.Epoch);
    }

    [Fact]
    public async Task ALateRenewalOfTheHolderBefore_ChangesNothing()
    {
        await _store.TryAcquireAsync(Resource, _theirs, Duration);
        Assert.Equal(RenewOutcome.NotOurs, await _store.RenewAsync(Resource, _mine, Duration));
        Assert.Equal(_theirs.Token, (await _store.ReadAsync(Resource, Duration)).Holder!.Token);
    }

    [Fact]
    public async Task TheSameNodeName_WithAnotherToken_IsSomebodyElse()
    {
        await _store.TryAcquireAsync(Resource, _mine, Duration);
        Assert.Equal(RenewOutcome.NotOurs, await _store.RenewAsync(Resource, Record(_mine.NodeId), Duration));
    }

    [Fact]
    public async Task ALeaseThatRedisForgot_IsWrittenAgainByItsHolder()
    {
        await _store.TryAcquireAsync(Resource, _mine, Duration);
        await _redis.Database.KeyDeleteAsync(Key);
        Assert.Equal(RenewOutcome.Renewed, await _store.RenewAsync(Resource, _mine, Duration));
        Assert.False(await _store.TryAcquireAsync(Resource, _theirs, Duration));
    }

    [Fact]
    public async Task ARelease_TouchesOnlyItsOwnLease()
    {
        await _store.TryAcquireAsync(Resource, _theirs, Duration);
        await _store.ReleaseAsync(Resource, _mine);
        Assert.True((await _store.ReadAsync(Resource, Duration)).Held);
        await _store.ReleaseAsync(Resource, _theirs);
        Assert.False((await _store.ReadAsync(Resource, Duration)).Held);
    }

    [Fact]
    public async Task AReplacement_NeedsTheDeadHoldersToken()
    {
        await _store.TryAcquireAsync(Resource, _theirs, Duration);
        Assert.False(await _store.TryReplaceAsync(Resource, Guid.NewGuid(), _mine, Duration));
        Assert.True(await _store.TryReplaceAsync(Resource, _theirs.Token, _mine, Duration));
        Assert.Equal(_mine.Token, (await _store.ReadAsync(Resource, Duration)).Holder!.Token);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"token\":\"forged\"}")]
    [InlineData("[1]")]
    public async Task AValueWrittenByHandWithoutAnEnd_BlocksNobodyForEver(string value)
    {
        await _redis.Database.StringSetAsync(Key, value);
        Assert.Equal(RenewOutcome.NotOurs, await _store.RenewAsync(Resource, _mine, Duration));
        Assert.True((await _store.ReadAsync(Resource, Duration)).Held);
        Assert.True(await _redis.Database.KeyTimeToLiveAsync(Key) <= Duration);
    }

    [Fact]
    public async Task AForgedLeaseWithALateEnd_EndsWithinALease()
    {
        await _redis.Database.StringSetAsync(Key, JsonSerializer.Serialize(_theirs, JsonSerializerOptions.Web), TimeSpan.FromDays(1));
        Assert.Equal(_theirs.Token, (await _store.ReadAsync(Resource, Duration)).Holder!.Token);
        Assert.True(await _redis.Database.KeyTimeToLiveAsync(Key) <= Duration);
    }

    [Fact]
    public async Task ALeaseWithItsOwnEnd_IsNotProlongedByWhoeverReadsIt()
    {
        await _store.TryAcquireAsync(Resource, _mine, Duration / 2);
        await _store.ReadAsync(Resource, Duration);
        Assert.True(await _redis.Database.KeyTimeToLiveAsync(Key) <= Duration / 2);
    }

    /// <summary>GET of such a key is an error, and would remain one forever.</summary>
    [Fact]
    public async Task AKeyOfAnotherType_IsNoLease_ToAnyScript()
    {
        await ForgeAsync();
        Assert.Equal(new LeaseReading(false, null), await _store.ReadAsync(Resource, Duration));
        Assert.True(await _store.TryAcquireAsync(Resource, _mine, Duration));

        await ForgeAsync();
        Assert.Equal(RenewOutcome.Renewed, await _store.RenewAsync(Resource, _mine, Duration));
        Assert.Equal(_mine.Token, (await _store.ReadAsync(Resource, Duration)).Holder!.Token);

        await ForgeAsync();
        Assert.True(await _store.TryReplaceAsync(Resource, _mine.Token, _theirs, Duration));
        Assert.Equal(_theirs.Token, (await _store.ReadAsync(Resource, Duration)).Holder!.Token);

        await ForgeAsync();
        await _store.ReleaseAsync(Resource, _theirs);
        Assert.False((await _store.ReadAsync(Resource, Duration)).Held);

        async Task ForgeAsync()
        {
            await _redis.Database.KeyDeleteAsync(Key);
            await _redis.Database.HashSetAsync(Key, "token", "forged");
        }
    }

    private static LeaseRecord Record(string nodeId) =>
        new(nodeId, "http://127.0.0.1:1", Guid.NewGuid(), 0, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
}
