using Foresight.Matching.Orders;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Loop;

/// <summary>
/// The command fills an order that the book has and the table calls cancelled, which makes the leader throw: rebuilt from both, it does not
/// know whose order it is.
/// </summary>
[Collection(StoresCollection.Name)]
public sealed class FailedCommandTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 1);
    private TestCluster _cluster = null!;
    private TestNode _node = null!;
    private PlaceOrder _resting = null!;
    private PlaceOrder _bad = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        await StartAsync("n1");
        foreach (var trader in new[] { 1, 2, 3 })
            await _node.Router.AcceptAsync(Traders.Fund(trader));
        _resting = _traders.Place(1, 1, 0, isBuy: true, price: 6_000, lots: 10);
        _bad = _traders.Place(2, 1, 1, isBuy: true, price: 4_500, lots: 4);
        await _node.Router.SendAsync(_resting);
        await SetStatusAsync(3);
        await RestartAsync("n2");
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task ItIsRefused_NothingIsWritten_AndTheTermGoesOnWithEverybodyElsesCommands()
    {
        var before = await _node.ProofAsync();
        var good = _traders.Place(3, 1, 0, isBuy: true, price: 1_000, lots: 10);
        var results = await _node.Router.SendAsync([_bad, good]);
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.CommandFailed), (results[0].Status, results[0].Code));
        Assert.Equal(
            (ResultStatus.Accepted, before.Epoch, before.Sequence + 1),
            (results[1].Status, results[1].Epoch, results[1].Sequence)
        );
        Assert.Equal(0L, await _cluster.ScalarAsync<long>($"SELECT count(*) FROM commands WHERE request_id = '{_bad.RequestId}'"));
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM trades"));
        Assert.True(
            await _cluster.ScalarAsync<bool>(
                $"""
                SELECT until > now() AND reason LIKE '%is not a live order%' AND command LIKE '%{_bad.Hash}%'
                FROM failed_commands WHERE request_id = '{_bad.RequestId}'
                """
            )
        );

        await SetStatusAsync(0);
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    [Fact]
    public async Task AskedAgain_ItIsNotTriedAgain_HereNorByTheNextLeader()
    {
        await _node.Router.SendAsync(_bad);
        Assert.Equal(ProblemCodes.CommandFailed, (await _node.Router.SendAsync(_bad)).Code);
        Assert.Equal(1, Throws());
        await RestartAsync("n3");
        Assert.Equal(ProblemCodes.CommandFailed, (await _node.Router.SendAsync(_bad)).Code);
        Assert.Equal(0, Throws());
    }

    [Fact]
    public async Task WhenItsTimeIsOver_ItIsJudgedAnew()
    {
        await _node.Router.SendAsync(_bad);
        await SetStatusAsync(0);
        await _cluster.ExecuteAsync("UPDATE failed_commands SET until = now()");
        await RestartAsync("n3");
        Assert.Equal("filled", (await _node.Router.SendAsync(_bad)).OrderStatus);
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    private int Throws() => _node.Said.Count(line => line.Contains("made the engine throw", StringComparison.Ordinal));

    private Task SetStatusAsync(int status) =>
        _cluster.ExecuteAsync($"UPDATE orders SET status = {status} WHERE order_hash = decode('{_resting.Hash[2..]}', 'hex')");

    private async Task StartAsync(string name)
    {
        _node = await TestNode.StartAsync(name, _cluster);
        await _node.ActiveAsync();
    }

    private async Task RestartAsync(string name)
    {
        await _node.DisposeAsync();
        await StartAsync(name);
    }
}
