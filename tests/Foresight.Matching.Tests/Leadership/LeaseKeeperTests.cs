using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.Leadership;

public sealed class LeaseKeeperTests
{
    /// <summary>
    /// A defect, here a missing database, is not among the expected faults of Postgres. Unhandled, it would make the end of the term throw
    /// and release nothing.
    /// </summary>
    [Fact]
    public async Task ARenewalThatThrowsWhatNobodyExpects_LosesTheLease_AndTheKeeperEndsInOrder()
    {
        var terms = new TermStore(new PostgresLeadershipTable(primary: null!), NullLogger<TermStore>.Instance);
        var stores = new LeadershipStores(Board: null!, terms, Sessions: null!, Crashes: null!);
        var options = new LeaseOptions { LeaseDuration = TimeSpan.FromMinutes(10), RenewInterval = TimeSpan.FromMilliseconds(20) };
        var record = new LeaseRecord("a", "http://127.0.0.1:1", Guid.NewGuid(), 0, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
        var term = new Term("thing", 1, Guid.NewGuid(), "a");
        var keeper = new LeaseKeeper(stores, options, TimeProvider.System, term, record, TimeProvider.System.GetTimestamp());
        await Eventually.TrueAsync("the lease is lost", Eventually.Patience, () => keeper.Lost.IsCancellationRequested);
        await keeper.DisposeAsync();
        Assert.StartsWith("its renewal failed: ", keeper.LossReason, StringComparison.Ordinal);
    }
}
