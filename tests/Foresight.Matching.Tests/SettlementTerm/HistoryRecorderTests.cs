using Foresight.Matching.Leadership;
using Foresight.Matching.SettlementTerm;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.SettlementTerm;

[Collection(StoresCollection.Name)]
public sealed class HistoryRecorderTests(StoresFixture stores) : IAsyncLifetime
{
    private static readonly HistorySample Sample = new(10.5, 2, 1.25, null, 7, [HistoryProblems.NoLeader]);

    private NpgsqlDataSource _database = null!;
    private TermStore _terms = null!;

    public async Task InitializeAsync()
    {
        _database = NpgsqlDataSource.Create(await stores.CreateDatabaseAsync());
        _terms = new TermStore(new PostgresLeadershipTable(_database), NullLogger<TermStore>.Instance);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task ASample_IsStoredAtTheStartOfItsTenSeconds_WithWhatTheDatabaseKnows()
    {
        await WriteAsync(await TakeAsync("a"), Sample);
        await using var command = _database.CreateCommand(
            """
            SELECT node_id, orders_per_second, trades_per_second, commit_p50_ms, commit_p99_ms, hub_connections, problems, replicas,
                replica_lag_bytes, unsettled_trades, extract(epoch FROM at)::bigint % 10
            FROM operations_history
            """
        );
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        var values = new object[reader.FieldCount];
        reader.GetValues(values);
        Assert.Equal(["a", 10.5, 2.0, 1.25, DBNull.Value, 7, new[] { "no_leader" }, 0, DBNull.Value, 0L, 0L], values);
    }

    [Fact]
    public async Task ATermThatHasEnded_WritesNothing()
    {
        var old = await TakeAsync("a");
        var term = await TakeAsync("b");
        Assert.True(Fence.Refused(await Assert.ThrowsAsync<PostgresException>(() => WriteAsync(old, Sample))));
        Assert.Equal(0L, await ScalarAsync("SELECT count(*) FROM operations_history"));
        await WriteAsync(term, Sample);
        Assert.Equal(1L, await ScalarAsync("SELECT count(*) FROM operations_history WHERE node_id = 'b'"));
    }

    [Fact]
    public async Task TwoSamplesOfTheSameTenSeconds_AreOneRow_TheLaterOne()
    {
        var term = await TakeAsync("a");
        await WriteAsync(term, Sample);
        await WriteAsync(term, Sample with { HubConnections = 8 });
        // More only if the two writes fell into different steps.
        Assert.InRange((long)(await ScalarAsync("SELECT count(*) FROM operations_history"))!, 1, 2);
        Assert.Equal(8, await ScalarAsync("SELECT hub_connections FROM operations_history ORDER BY at DESC LIMIT 1"));
    }

    [Fact]
    public async Task RowsThatNoRangeShows_AreRemovedByTheNextWrite()
    {
        await using (
            var old = _database.CreateCommand(
                """
                INSERT INTO operations_history (at, node_id, epoch, problems)
                SELECT now() - n * interval '1 hour', 'old', 1, '{}' FROM generate_series(1, 50) n
                """
            )
        )
            await old.ExecuteNonQueryAsync();
        await WriteAsync(await TakeAsync("a"), Sample);
        Assert.Equal(24L, await ScalarAsync("SELECT count(*) FROM operations_history WHERE node_id = 'old'"));
    }

    private Task WriteAsync(Term term, HistorySample sample) => HistoryRecorder.WriteAsync(term, _database, sample, CancellationToken.None);

    private async Task<Term> TakeAsync(string node)
    {
        var token = Guid.NewGuid();
        const string Resource = LeasedResources.Settlement;
        var holder = new NewHolder(
            Resource,
            token,
            node,
            "http://127.0.0.1:1",
            LeaderSessions.NameOf(Resource, token),
            TimeSpan.FromSeconds(5)
        );
        var dead = (await _terms.ReadAsync(Resource, CancellationToken.None))?.Version;
        return (await _terms.TakeAsync(holder, dead, CancellationToken.None))!.Term;
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
