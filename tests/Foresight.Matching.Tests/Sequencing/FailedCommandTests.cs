using Foresight.Matching.Tests.Nodes;
using Foresight.Protocol;
using Foresight.Matching.Tests.Stores;

namespace Foresight.Matching.Tests.Sequencing;

/// <summary>
/// A command that makes the leader throw. Here it is one that fills an order which the book has and the table calls cancelled, so that a
/// leader which was rebuilt from both does not know whose it is.
/// </summary>
[Collection(StoresCollection.Name)]
public sealed class FailedCommandTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly Traders traders = new(seed: 1);
    private TestCluster cluster = null!;
    private TestNode node = null!;
    private PlaceOrder resting = null!;
    private PlaceOrder bad = null!;

    public async Task InitializeAsync()
    {
        cluster = await TestCluster.CreateAsync(stores);
        await StartAsync("n1");
        foreach (var trader in new[] { 1, 2, 3 }) await node.Router.SendAsync(Traders.Fund(trader));
        resting = traders.Place(1, 1, 0, isBuy: true, price: 6_000, lots: 10);
        bad = traders.Place(2, 1, 1, isBuy: true, price: 4_500, lots: 4);
        await node.Router.SendAsync(resting);
        await SetStatusAsync(3);
        await RestartAsync("n2");
    }

    public async Task DisposeAsync()
    {
        await node.DisposeAsync();
        await cluster.DisposeAsync();
    }

    [Fact]
    public async Task ItIsRefused_NothingIsWritten_AndTheTermGoesOnWithEverybodyElsesCommands()
    {
        var before = await node.ProofAsync();
        var good = traders.Place(3, 1, 0, isBuy: true, price: 1_000, lots: 10);
        var results = await node.Router.SendAsync([bad, good]);
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.CommandFailed), (results[0].Status, results[0].Code));
        Assert.Equal((ResultStatus.Accepted, before.Epoch, before.Sequence + 1), (results[1].Status, results[1].Epoch, results[1].Sequence));
        Assert.Equal(0L, await cluster.ScalarAsync<long>($"SELECT count(*) FROM commands WHERE request_id = '{bad.RequestId}'"));
        Assert.Equal(0L, await cluster.ScalarAsync<long>("SELECT count(*) FROM trades"));
        Assert.True(await cluster.ScalarAsync<bool>(
            $"""
            SELECT until > now() AND reason LIKE '%not among the live ones%' AND command LIKE '%{bad.Hash}%'
            FROM failed_commands WHERE request_id = '{bad.RequestId}'
            """));

        await SetStatusAsync(0);
        await JournalChecks.AssertSoundAsync(cluster);
    }

    [Fact]
    public async Task AskedAgain_ItIsNotTriedAgain_HereNorByTheNextLeader()
    {
        await node.Router.SendAsync(bad);
        Assert.Equal(ProblemCodes.CommandFailed, (await node.Router.SendAsync(bad)).Code);
        Assert.Equal(1, Throws());
        await RestartAsync("n3");
        Assert.Equal(ProblemCodes.CommandFailed, (await node.Router.SendAsync(bad)).Code);
        Assert.Equal(0, Throws());
    }

    [Fact]
    public async Task WhenItsTimeIsOver_ItIsJudgedAnew()
    {
        await node.Router.SendAsync(bad);
        await SetStatusAsync(0);
        await cluster.ExecuteAsync("UPDATE failed_commands SET until = now()");
        await RestartAsync("n3");
        Assert.Equal("filled", (await node.Router.SendAsync(bad)).OrderStatus);
        await JournalChecks.AssertSoundAsync(cluster);
    }

    private int Throws() => node.Said.Count(line => line.Contains("made the engine throw", StringComparison.Ordinal));

    private Task SetStatusAsync(int status) =>
        cluster.ExecuteAsync($"UPDATE orders SET status = {status} WHERE order_hash = decode('{resting.Hash[2..]}', 'hex')");

    private async Task StartAsync(string name)
    {
        node = await TestNode.StartAsync(name, cluster);
        await node.ActiveAsync();
    }

    private async Task RestartAsync(string name)
    {
        await node.DisposeAsync();
        await StartAsync(name);
    }
}
