namespace Foresight.Matching.Tests.PostgresFaults;

/// <summary>For one test alone, because what it does to the servers cannot be undone.</summary>
internal sealed class ReplicatedStores(bool synchronous) : TestStores(synchronous ? Replication.Synchronous : Replication.Asynchronous)
{
    public static async Task<ReplicatedStores> StartAsync(bool synchronous)
    {
        var stores = new ReplicatedStores(synchronous);
        await stores.InitializeAsync();
        await MigrateAsync(stores.Postgres);
        await StreamingStandby.ScalarAsync(
            stores.Postgres,
            $"""
            {SignOfLife.Sql}
            INSERT INTO markets (market_id, address, question, outcomes, tick_size) VALUES
                (1, decode(lpad('1', 40, '0'), 'hex'), 'Will it?', ARRAY['yes', 'no'], 1)
            """
        );
        return stores;
    }

    public Dictionary<string, string?> Settings() => new(NodeSettings(Postgres)) { ["DATABASE_REPLICA_1_URL"] = Standby };

    public Task PromoteAsync() => StreamingStandby.PromoteAsync(Standby!);
}
