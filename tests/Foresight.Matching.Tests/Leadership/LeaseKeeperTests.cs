using Foresight.Contracts;
using Foresight.Matching.Leadership;
using Foresight.Matching.Tests.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.Leadership;

[Collection(StoresCollection.Name)]
public sealed class LeaseKeeperTests(StoresFixture stores)
{
    /// <summary>Here because its connection was disposed of, which no caller expects. Else the end of the term would throw, and release nothing.</summary>
    [Fact]
    public async Task ARenewalThatThrowsWhatNobodyExpects_LosesTheLease_AndTheKeeperEndsInOrder()
    {
        var redis = new RedisClient(stores.Redis, $"{Guid.NewGuid():N}:");
        var store = new RedisLeaseStore(redis.Database, redis.Broadcast, TimeProvider.System, NullLogger<RedisLeaseStore>.Instance);
        var options = new LeaseOptions { LeaseDuration = TimeSpan.FromMinutes(10), RenewInterval = TimeSpan.FromMilliseconds(20) };
        var record = new LeaseRecord("a", "http://127.0.0.1:1", Guid.NewGuid(), 0, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
        var keeper = new LeaseKeeper(store, options, TimeProvider.System, "thing", record, TimeProvider.System.GetTimestamp());
        redis.Dispose();
        await Eventually.TrueAsync("the lease is lost", Eventually.Patience, () => keeper.Lost.IsCancellationRequested);
        await keeper.DisposeAsync();
        Assert.StartsWith("renewing it failed: ", keeper.LossReason, StringComparison.Ordinal);
    }
}
