using Foresight.Matching.Leadership;
using Foresight.Matching.Tests.Stores;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.Leadership;

[Collection(StoresCollection.Name)]
public sealed class TermStoreTests(StoresFixture stores) : IAsyncLifetime
{
    private const string Resource = "thing";

    private string _connection = "";
    private NpgsqlDataSource _database = null!;
    private TermStore _terms = null!;

    public async Task InitializeAsync()
    {
        _connection = await stores.CreateDatabaseAsync();
        _database = NpgsqlDataSource.Create(_connection);
        _terms = new TermStore(new PostgresLeadershipTable(_database), NullLogger<TermStore>.Instance);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task EachTerm_HasTheNextEpoch_AndItsOwnToken()
    {
        var (first, before) = await TakeAsync("a");
        var (second, previous) = await TakeAsync("b");
        Assert.Equal((1, null), (first.Epoch, before));
        Assert.Equal((2, "a"), (second.Epoch, previous));
        Assert.NotEqual(first.Token, second.Token);
        Assert.Equal(2L, await ScalarAsync("SELECT count(*) FROM leadership_history"));
    }

    [Fact]
    public async Task Commit_WithAStaleTerm_WritesNothing()
    {
        var (old, _) = await TakeAsync("a");
        await TakeAsync("b");
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => WriteAsync(old));
        Assert.True(Fence.Refused(refusal));
        Assert.Equal(0L, await ScalarAsync("SELECT count(*) FROM accounts"));
    }

    [Fact]
    public async Task Commit_WithTheRightEpochAndAnotherToken_WritesNothing()
    {
        var (term, _) = await TakeAsync("a");
        Assert.True(Fence.Refused(await Assert.ThrowsAsync<PostgresException>(() => WriteAsync(term with { Token = Guid.NewGuid() }))));
        await WriteAsync(term);
        Assert.Equal(1L, await ScalarAsync("SELECT count(*) FROM accounts"));
    }

    [Fact]
    public async Task ATakeOver_EndsATransactionThatTheOldHolderLeftOpen()
    {
        var (old, _) = await TakeAsync("a");
        var address = new PostgresAddress(new NpgsqlConnectionStringBuilder(_connection), []);
        var sessions = new LeaderSessions(PrimaryServers.Alone(address, NullLoggerFactory.Instance), NullLoggerFactory.Instance);
        await using var oldSessions = sessions.Open(LeaderSessions.NameOf(Resource, old.Token));
        await using var stuck = await oldSessions.OpenConnectionAsync();
        await using var transaction = await stuck.BeginTransactionAsync();
        await using (var fence = new NpgsqlBatch(stuck, transaction) { BatchCommands = { Fence.Assert(old) } })
            await fence.ExecuteNonQueryAsync();
        await using (var insert = new NpgsqlCommand("INSERT INTO accounts VALUES (9, decode(repeat('09', 20), 'hex'))", stuck, transaction))
            await insert.ExecuteNonQueryAsync();

        // Nothing else would end that transaction.
        var (next, _) = await TakeAsync("b").WaitAsync(Eventually.Patience);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync());
        await WriteAsync(next);
        Assert.Equal(1L, await ScalarAsync("SELECT count(*) FROM accounts"));
    }

    [Fact]
    public async Task ManyWhoTakeATermAtOnce_EachGetAnEpochOfTheirOwn_AndOnlyTheLastMayWrite()
    {
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => TakeAsync($"n{i}")));
        Assert.Equal(Enumerable.Range(1, 8).Select(epoch => (long)epoch), taken.Select(one => one.Term.Epoch).Order());
        foreach (var (term, _) in taken.Where(one => one.Term.Epoch < 8))
            await Assert.ThrowsAsync<PostgresException>(() => WriteAsync(term));
        await WriteAsync(taken.Single(one => one.Term.Epoch == 8).Term);
    }

    [Fact]
    public async Task ASession_LivesAsLongAsItsProcessIsConnected()
    {
        var (term, _) = await TakeAsync("a");
        Assert.False(await _terms.SessionLivesAsync(Resource, term.Token, CancellationToken.None));
        Assert.True(
            await _terms.SessionLivesAsync(Resource, Guid.NewGuid(), CancellationToken.None),
            "of an unknown term nothing is known"
        );

        var settings = new NpgsqlConnectionStringBuilder(_connection) { ApplicationName = LeaderSessions.NameOf(Resource, term.Token) };
        await using var sessions = NpgsqlDataSource.Create(settings);
        await using var session = await sessions.OpenConnectionAsync();
        Assert.True(await _terms.SessionLivesAsync(Resource, term.Token, CancellationToken.None));
    }

    private Task<(Term Term, string? PreviousNodeId)> TakeAsync(string nodeId)
    {
        var token = Guid.NewGuid();
        return _terms.TakeAsync(
            new NewHolder(Resource, token, nodeId, "http://127.0.0.1:1", LeaderSessions.NameOf(Resource, token)),
            CancellationToken.None
        );
    }

    private async Task WriteAsync(Term term)
    {
        await using var session = await _database.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(session);
        batch.BatchCommands.Add(Fence.Assert(term));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("INSERT INTO accounts VALUES (1, decode(repeat('01', 20), 'hex'))"));
        await batch.ExecuteNonQueryAsync();
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
