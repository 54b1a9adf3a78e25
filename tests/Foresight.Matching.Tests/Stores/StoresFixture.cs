using Foresight.Matching.Tests.Nodes;
using Npgsql;

namespace Foresight.Matching.Tests.Stores;

public class StoresFixture : TestStores, IAsyncLifetime
{
    internal async Task<NpgsqlDataSource> CloneAsync(TestCluster cluster)
    {
        // Postgres copies only a template without connections, but a pool keeps idle ones open.
        cluster.Database.Clear();
        return NpgsqlDataSource.Create(await CreateDatabaseAsync(template: new NpgsqlConnectionStringBuilder(cluster.Connection).Database));
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}

[CollectionDefinition(Name)]
public sealed class StoresCollection : ICollectionFixture<StoresFixture>
{
    public const string Name = "stores";
}

/// <summary>Servers of their own, because these tests take them down.</summary>
[CollectionDefinition(Name)]
public sealed class BreakableStoresCollection : ICollectionFixture<BreakableStoresFixture>
{
    public const string Name = "breakable stores";
}

public sealed class BreakableStoresFixture : StoresFixture;
