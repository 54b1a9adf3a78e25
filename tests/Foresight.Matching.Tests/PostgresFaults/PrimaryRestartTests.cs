using Foresight.Matching.Tests.Leadership;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;

namespace Foresight.Matching.Tests.PostgresFaults;

[Collection(BreakableStoresCollection.Name)]
public sealed class PrimaryRestartTests(BreakableStoresFixture stores) : IAsyncLifetime
{
    private TestCluster _cluster = null!;
    private LiveNodes _nodes = null!;

    public async Task InitializeAsync()
    {
        await stores.StartAgainAsync("redis");
        _cluster = await TestCluster.CreateAsync(stores);
        _nodes = await LiveNodes.StartAsync(_cluster);
    }

    public async Task DisposeAsync()
    {
        await _nodes.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task APrimaryThatIsRestarted_EndsATerm_AndNoProcess_AndNothingAcknowledgedIsLost()
    {
        await using var load = new Load(_nodes.Client, _cluster);
        for (var i = 0; i < Repeat.Times; i++)
        {
            await load.AcknowledgedAsync(50);
            var before = await _cluster.ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = 'matching-engine'");
            await stores.KillAsync("postgres");
            await stores.StartAgainAsync("postgres");
            // Pooled connections lead to the server that died, and would each fail once.
            _cluster.Database.Clear();
            await load.AcknowledgedAsync(50);
            Assert.True(await _cluster.ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = 'matching-engine'") > before);
            _nodes.AssertNoneEnded();
        }

        await load.AssertNothingLostOrDoubledAsync();
    }
}
