using Foresight.Matching.Leadership;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.Leadership;

[Collection(StoresCollection.Name)]
public sealed class LeaderSessionsTests(StoresFixture stores)
{
    /// <summary>What the leader asks and writes with each batch, of tables that are still empty.</summary>
    [Theory]
    [InlineData("SELECT order_hash FROM orders WHERE order_hash = ANY($1::bytea[])")]
    [InlineData("SELECT request_id FROM commands WHERE request_id = ANY($1::uuid[])")]
    [InlineData("UPDATE orders o SET reason = '' FROM unnest($1::bigint[]) u(id) WHERE o.order_id = u.id")]
    [InlineData(
        "SELECT o.order_hash FROM fills f JOIN orders o ON o.order_id = f.order_id JOIN accounts a ON a.account_id = f.account_id "
            + "WHERE f.trade_id = ANY($1::bigint[])"
    )]
    public async Task StatementOfABatch_GoesByIndex_HoweverSmallTheTable(string statement)
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        Assert.DoesNotContain("Seq Scan", await PlanAsync(cluster, statement, readsRanges: false));
    }

    [Fact]
    public async Task ReaderOfRanges_HasThePlannersChoice()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        Assert.Contains("Hash Join", await PlanAsync(cluster, "SELECT * FROM trades JOIN fills USING (trade_id)", readsRanges: true));
    }

    private static async Task<string> PlanAsync(TestCluster cluster, string statement, bool readsRanges)
    {
        var server = new PostgresAddress(new NpgsqlConnectionStringBuilder(cluster.Connection), []);
        var servers = PrimaryServers.Alone(server, NullLoggerFactory.Instance);
        await using var sessions = new LeaderSessions(servers, NullLoggerFactory.Instance).Open("plans", readsRanges);
        await using var connection = await sessions.OpenConnectionAsync();
        await ExecuteAsync($"PREPARE asked AS {statement}");
        await using var explain = new NpgsqlCommand($"EXPLAIN EXECUTE asked{(readsRanges ? "" : "('{}')")}", connection);
        await using var reader = await explain.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await reader.ReadAsync())
            plan.Add(reader.GetString(0));
        return string.Join('\n', plan);

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
