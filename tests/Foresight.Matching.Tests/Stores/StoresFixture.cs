using Foresight.Matching.Tests.Nodes;
using Npgsql;

namespace Foresight.Matching.Tests.Stores;

/// <summary>A real Redis and a real Postgres, of these tests alone.</summary>
public class StoresFixture : TestStores, IAsyncLifetime
{
    internal async Task<NpgsqlDataSource> CloneAsync(TestCluster cluster)
    {
        // Idle connections of a pool would be in the way.
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

/// <summary>Its own servers, because its tests take them down.</summary>
[CollectionDefinition(Name)]
public sealed class BreakableStoresCollection : ICollectionFixture<BreakableStoresFixture>
{
    public const string Name = "breakable stores";
}

public sealed class BreakableStoresFixture : StoresFixture;
