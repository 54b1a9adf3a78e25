using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Matching.Tests.Gateway;

/// <summary>A node is noticed by its neighbours when it ends, however it ends, and nothing else is taken for its end.</summary>
[Collection(StoresCollection.Name)]
public sealed class PresenceTests(StoresFixture stores) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private TestCluster _cluster = null!;
    private GatewayClient _client = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _client = ClientWith(_cluster.Settings["CLUSTER_SECRET"]!);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _cluster.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheEndOfANode_IsNoticed(bool byKill)
    {
        await using var node = new NodeProcess("n1", _cluster.Settings);
        var address = await LeadersAddressAsync();
        var ended = await AdmittedAsync(address, CancellationToken.None);
        Assert.False(ended.IsCompleted);
        if (byKill)
            node.KillNow();
        else
            node.AskToEnd();
        Assert.True(await ended.WaitAsync(Soon));
        await node.EndedAsync(Soon);
        Assert.False(await _client.WaitForEndAsync(address, CancellationToken.None).WaitAsync(Soon));
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task ANodeOfAnotherCluster_IsNeverTakenForOneThatEnded()
    {
        await using var node = new NodeProcess("n1", _cluster.Settings);
        using var stranger = ClientWith("another cluster's secret, of enough characters");
        var address = await LeadersAddressAsync();
        Assert.False(await stranger.WaitForEndAsync(address, CancellationToken.None).WaitAsync(Soon));
    }

    [Fact]
    public async Task AWatchThatIsGivenUp_IsNoEnd()
    {
        await using var node = new NodeProcess("n1", _cluster.Settings);
        var address = await LeadersAddressAsync();
        using var givenUp = new CancellationTokenSource();
        var ended = await AdmittedAsync(address, givenUp.Token);
        await givenUp.CancelAsync();
        Assert.False(await ended.WaitAsync(Soon));
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task ANodeThatTheGatewayPutsOut_SeesNoEnd()
    {
        await using var node = new NodeProcess("n1", _cluster.Settings);
        var address = await LeadersAddressAsync();
        var forged = new Traders(53).Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10) with { Lots = 11 };
        // The leader checks a part of what it is sent, chosen at random, until it has found the first.
        await Eventually.TrueAsync(
            "the gateway puts the node out",
            Eventually.Patience,
            async () => await Record.ExceptionAsync(() => _client.SendAsync(address, [forged], null, CancellationToken.None)) is not null
        );
        for (var attempt = 0; attempt < 3; attempt++)
            Assert.False(await _client.WaitForEndAsync(address, CancellationToken.None).WaitAsync(Soon));
    }

    /// <returns>The watch, which the gateway has taken.</returns>
    private async Task<Task<bool>> AdmittedAsync(string address, CancellationToken cancellationToken)
    {
        var admitted = new TaskCompletionSource();
        var ended = _client.WaitForEndAsync(address, cancellationToken, admitted.SetResult);
        await admitted.Task.WaitAsync(Soon, CancellationToken.None);
        return ended;
    }

    private async Task<string> LeadersAddressAsync()
    {
        await using var observer = new TestClient(_cluster);
        await Eventually.TrueAsync("the node leads", Eventually.Patience, async () => await observer.ActiveAsync() is not null);
        return await _cluster.ScalarAsync<string>("SELECT address FROM leadership WHERE resource = 'matching-engine'");
    }

    private static GatewayClient ClientWith(string secret) =>
        new(new NodeProof(new ClusterKeys(secret), "n2", NodeKinds.Matching), TimeProvider.System);
}
