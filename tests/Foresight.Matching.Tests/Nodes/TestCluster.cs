using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Recovery;
using Foresight.Matching.Sequencing;
using Foresight.Matching.Tests.PostgresFaults;
using Foresight.Matching.Tests.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.Nodes;

internal sealed class TestCluster : IAsyncDisposable
{
    /// <summary>The default on the development chain.</summary>
    public const int ExpiryMarginSeconds = 5;

    private TestCluster(string connection, Dictionary<string, string?> settings)
    {
        (Connection, Settings) = (connection, settings);
        Database = NpgsqlDataSource.Create(connection);
    }

    public string Connection { get; }
    public NpgsqlDataSource Database { get; }
    public Dictionary<string, string?> Settings { get; }

    public Dictionary<string, string?> With(string name, string value) => new(Settings) { [name] = value };

    public static async Task<TestCluster> CreateAsync(TestStores stores, params KeyValuePair<string, string?>[] settings)
    {
        var connection = await stores.CreateDatabaseAsync();
        var cluster = new TestCluster(connection, stores.NodeSettings(connection));
        foreach (var (name, value) in settings)
            cluster.Settings[name] = value;
        await cluster.ExecuteAsync(
            $"""
            {SignOfLife.Sql}
            INSERT INTO markets (market_id, address, question, outcomes, tick_size) VALUES
                (1, decode(lpad('1', 40, '0'), 'hex'), 'Will it?', ARRAY['yes', 'no'], 1),
                (2, decode(lpad('2', 40, '0'), 'hex'), 'Who?', ARRAY['a', 'b', 'c'], 100)
            """
        );
        return cluster;
    }

    /// <summary>Nodes start at the primary; tests read the standby, because it is to be promoted.</summary>
    public static TestCluster Over(ReplicatedStores stores) => new(stores.Standby!, stores.Settings());

    public async Task<ExchangeEngine> ReplayAsync(long through = long.MaxValue) =>
        await new EngineRecovery(new PostgresJournal(Database, shard: 0), shard: 0, NullLogger.Instance).ReplayAllAsync(
            through,
            CancellationToken.None
        );

    public async Task<string> ReplayHashAsync(long through = long.MaxValue) => Sequencer.Format((await ReplayAsync(through)).StateHash());

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Of matching, as the journal has it.</summary>
    public Task<long> EpochAsync() => ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = 'matching-engine'");

    public async ValueTask DisposeAsync() => await Database.DisposeAsync();
}
