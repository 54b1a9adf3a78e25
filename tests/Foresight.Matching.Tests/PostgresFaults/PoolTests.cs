using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Tests.PostgresFaults;

/// <summary>The Api's order path needs no connection, because it knows the markets; a node has a pool of its own.</summary>
[Collection(StoresCollection.Name)]
public sealed class PoolTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 73);
    private TestCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await TestCluster.CreateAsync(stores);

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task ANodeWhoseSharedPoolIsTaken_GoesOnAcknowledging_BecauseATermHasItsOwn()
    {
        var small = new NpgsqlConnectionStringBuilder(_cluster.Connection) { MaxPoolSize = 5 }.ConnectionString;
        await using var node = await TestNode.StartAsync("n1", _cluster.With("ConnectionStrings:foresight", small));
        await node.ActiveAsync();
        await node.KnowMarketsAsync();
        await node.Router.AcceptAsync(Traders.Fund(1));
        var held = new List<NpgsqlConnection>();
        try
        {
            // The node's own work takes a connection now and then and returns it, so each of these may have to wait.
            for (var i = 0; i < 5; i++)
                held.Add(await Eventually.GetAsync("a free connection", Eventually.Patience, () => TryOpenAsync(node.Primary)));
            Assert.Equal(
                ResultStatus.Accepted,
                (await node.Router.SendAsync(_traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1))).Status
            );
        }
        finally
        {
            foreach (var connection in held)
                await connection.DisposeAsync();
        }
    }

    private static async Task<NpgsqlConnection?> TryOpenAsync(NpgsqlDataSource source)
    {
        try
        {
            return await source.OpenConnectionAsync();
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }
}
