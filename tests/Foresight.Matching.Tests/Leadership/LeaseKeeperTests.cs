using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.Leadership;

public sealed class LeaseKeeperTests
{
    /// <summary>
    /// A defect, here a missing database, in contrast to the expected faults of Redis. Unhandled, it would make the end of the term throw
    /// and release nothing.
    /// </summary>
    [Fact]
    public async Task ARenewalThatThrowsWhatNobodyExpects_LosesTheLease_AndTheKeeperEndsInOrder()
    {
        var store = new RedisLeaseStore(redis: null!, broadcast: null!, TimeProvider.System, NullLogger<RedisLeaseStore>.Instance);
        var options = new LeaseOptions { LeaseDuration = TimeSpan.FromMinutes(10), RenewInterval = TimeSpan.FromMilliseconds(20) };
        var record = new LeaseRecord("a", "http://127.0.0.1:1", Guid.NewGuid(), 0, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
        var keeper = new LeaseKeeper(store, options, TimeProvider.System, "thing", record, TimeProvider.System.GetTimestamp());
        await Eventually.TrueAsync("the lease is lost", Eventually.Patience, () => keeper.Lost.IsCancellationRequested);
        await keeper.DisposeAsync();
        Assert.StartsWith("its renewal failed: ", keeper.LossReason, StringComparison.Ordinal);
    }
}
