using Foresight.Api.Operations.Details;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using Foresight.Testing;
using Npgsql;

namespace Foresight.Api.Tests.Operations.Details;

[Collection(ApiStackCollection.Name)]
public sealed class DatabaseDetailTests(ApiStack stack)
{
    [Fact]
    public async Task Primary_ReportsItsSlotsConnectionsAndWhatIsSlow()
    {
        await stack.ExecuteAsync("SELECT pg_create_physical_replication_slot('slot_of_a_test', true)");
        await using var busy = NpgsqlDataSource.Create($"{stack.PrimaryConnection};Application Name=slow of a test");
        using var stop = new CancellationTokenSource();
        await using var command = busy.CreateCommand($"SELECT pg_sleep(120) /* {new string('x', 300)} */");
        var running = command.ExecuteNonQueryAsync(stop.Token);
        try
        {
            var detail = await Eventually.GetAsync(
                "the slow query",
                Eventually.Patience,
                async () =>
                    await ReadAsync() is var read && read.SlowQueries.Any(query => query.Application == "slow of a test") ? read : null
            );
            var slow = detail.SlowQueries.Single(query => query.Application == "slow of a test");
            Assert.Equal(("active", DatabaseDetailReader.QueryLength), (slow.State, slow.Query.Length));
            Assert.StartsWith("SELECT pg_sleep(120)", slow.Query, StringComparison.Ordinal);
            Assert.True(slow.RunningMs >= 1_000);
            var slot = detail.Slots.Single(one => one.Name == "slot_of_a_test");
            Assert.Equal((false, true), (slot.Active, slot.RetainedBytes >= 0));
            Assert.Contains(detail.Pools, pool => (pool.Application, pool.State, pool.Connections) == ("slow of a test", "active", 1));
            Assert.Equal(0, detail.UnreadableSessions);
            Assert.True(detail.MaxConnections >= detail.Pools.Sum(pool => pool.Connections));
        }
        finally
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            await stack.ExecuteAsync("SELECT pg_drop_replication_slot('slot_of_a_test')");
        }
    }

    [Fact]
    public async Task WithoutAKey_NothingIsShown()
    {
        using var answer = await stack.Http.GetAsync(new Uri("admin/database", UriKind.Relative));
        Assert.Equal(401, (int)answer.StatusCode);
    }

    private Task<DatabaseDetail> ReadAsync() => stack.ReadAsync<DatabaseDetail>("admin/database", asOperator: true);
}
