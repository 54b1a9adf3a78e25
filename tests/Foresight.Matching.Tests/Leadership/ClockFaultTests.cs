using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>Time in orders is the database's, so a node with a wrong clock leads and follows like any other.</summary>
[Collection(StoresCollection.Name)]
public sealed class ClockFaultTests(StoresFixture stores)
{
    private const int GoodTilDate = 1;
    private const int RenewMs = 400;

    /// <summary>The fast clock halves it, and a starved machine must not lose what is left of it.</summary>
    private const int LeaseMs = 8_000;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(-1, 1)]
    [InlineData(0, 2)]
    public async Task ALeaderWithAWrongClock_KeepsItsLease_AndJudgesOrdersByTheDatabasesTime(int hours, double rate)
    {
        await using var cluster = await TestCluster.CreateAsync(
            stores,
            new("LEASE_TTL_MS", $"{LeaseMs}"),
            new("LEASE_RENEW_MS", $"{RenewMs}"),
            new("LEASE_MARGIN_MS", "200")
        );
        await using var leader = await TestNode.StartAsync("n1", cluster.Settings, new WrongClock(TimeSpan.FromHours(hours), rate));
        await leader.ActiveAsync();
        await using var follower = await TestNode.StartAsync("n2", cluster.Settings, new WrongClock(TimeSpan.FromHours(-hours)));
        // The client's clock is right: a deadline reaches the leader as the time that is left of it.
        await using var client = new TestClient(cluster);
        var traders = new Traders(seed: 80);
        await client.Router.AcceptAsync(Traders.Fund(1));

        var now = await cluster.ScalarAsync<long>("SELECT extract(epoch FROM clock_timestamp())::bigint");
        Task<CommandResult> PlaceAsync(long expiry) =>
            client.Router.SendAsync(traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1, GoodTilDate, expiry));
        Assert.Equal("open", (await PlaceAsync(now + 600)).OrderStatus);
        Assert.Equal("order_expired", (await PlaceAsync(now - 600)).Code);
        Assert.Equal("open", (await PlaceAsync(now + TestCluster.ExpiryMarginSeconds + 3)).OrderStatus);
        await Eventually.TrueAsync(
            "the order that is due, and no other, has expired",
            Eventually.Patience,
            async () => await cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 4") == 1
        );
        Assert.Equal(1L, await cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 0"));

        await leader.LeaseRenewedAsync(times: LeaseMs / RenewMs);
        Assert.Equal(1L, await cluster.EpochAsync());
        Assert.Equal(("active", "follower"), (leader.Presence.State, follower.Presence.State));
        await JournalChecks.AssertSoundAsync(cluster);
    }
}
