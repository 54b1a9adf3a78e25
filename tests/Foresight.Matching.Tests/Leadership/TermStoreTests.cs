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

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

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
    public async Task OfManyWhoJudgedOneHolderDead_OneTakesTheTerm()
    {
        await TakeAsync("a");
        var dead = (await ReadAsync())!.Version;
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => TryTakeAsync($"n{i}", dead)));
        var winner = Assert.Single(taken, one => one is not null)!;
        Assert.Equal((2L, "a"), (winner.Term.Epoch, winner.PreviousNodeId));
        await WriteAsync(winner.Term);
    }

    [Fact]
    public async Task OfManyWhoFindNoTerm_OneTakesTheFirst()
    {
        Assert.Null(await ReadAsync());
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => TryTakeAsync($"n{i}", dead: null)));
        Assert.Equal(1L, Assert.Single(taken, one => one is not null)!.Term.Epoch);
    }

    [Fact]
    public async Task AHolderThatRenewsMeanwhile_KeepsTermAndSessions()
    {
        var (term, _) = await TakeAsync("a");
        var address = new PostgresAddress(new NpgsqlConnectionStringBuilder(_connection), []);
        var sessions = new LeaderSessions(PrimaryServers.Alone(address, NullLoggerFactory.Instance), NullLoggerFactory.Instance);
        await using var own = sessions.Open(LeaderSessions.NameOf(Resource, term.Token));
        await using var session = await own.OpenConnectionAsync();
        var judged = (await ReadAsync())!.Version;

        Assert.Equal(RenewOutcome.Renewed, await _terms.RenewAsync(term));
        Assert.Null(await TryTakeAsync("b", judged));
        await using (var command = new NpgsqlCommand("SELECT 1", session))
            Assert.Equal(1, await command.ExecuteScalarAsync());
        await WriteAsync(term);
    }

    [Fact]
    public async Task ALease_IsRenewedAndGivenBack_ByItsHolderOnly()
    {
        var (old, _) = await TakeAsync("a");
        var (term, _) = await TakeAsync("b");
        Assert.Equal(RenewOutcome.NotOurs, await _terms.RenewAsync(old));
        await _terms.ReleaseAsync(old);
        Assert.NotNull((await ReadAsync())!.Age);

        var before = (await ReadAsync())!.Version.RenewedAt;
        Assert.Equal(RenewOutcome.Renewed, await _terms.RenewAsync(term with { NodeId = "renamed" }));
        var holder = (await ReadAsync())!;
        Assert.True(holder.Version.RenewedAt > before);
        Assert.Equal("renamed", holder.NodeId);
        Assert.InRange(holder.Age!.Value, TimeSpan.Zero, Eventually.Patience);

        await _terms.ReleaseAsync(term);
        Assert.Null((await ReadAsync())!.Age);
        // A renewal may be on its way when the term ends, and must not bring it back.
        Assert.Equal(RenewOutcome.NotOurs, await _terms.RenewAsync(term));
        Assert.Null((await ReadAsync())!.Age);
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task AStepDown_IsAskedOfTheTermThatItNames_AndOfNoOther()
    {
        var (term, _) = await TakeAsync("a");
        await ExecuteAsync($"INSERT INTO step_downs (resource, epoch) VALUES ('{Resource}', {term.Epoch})");
        Assert.Equal(RenewOutcome.AskedToStepDown, await _terms.RenewAsync(term));
        Assert.False((await ReadAsync())!.IsGivenBackForOperator);
        await _terms.ReleaseAsync(term);
        Assert.True((await ReadAsync())!.IsGivenBackForOperator);

        var (next, _) = await TakeAsync("b");
        Assert.Equal(RenewOutcome.Renewed, await _terms.RenewAsync(next));
        await _terms.ReleaseAsync(next);
        Assert.False((await ReadAsync())!.IsGivenBackForOperator);
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task ADrain_IsAskedOfEveryTermOfItsNode_UntilItEnds()
    {
        var (term, _) = await TakeAsync("a");
        await ExecuteAsync(
            "INSERT INTO operator_holds (subject, subject_id, actor, key_name, note) VALUES ('node', 'a', 'Ada', 'ada', 'disk')"
        );
        Assert.True(await _terms.IsDrainedAsync("a", CancellationToken.None));
        Assert.False(await _terms.IsDrainedAsync("b", CancellationToken.None));
        Assert.Equal(RenewOutcome.AskedToStepDown, await _terms.RenewAsync(term));
        // A node that adds a part to its name is not the one that was drained.
        Assert.Equal(RenewOutcome.Renewed, await _terms.RenewAsync(term with { NodeId = "a-2" }));
        await ExecuteAsync("DELETE FROM operator_holds");
        Assert.Equal(RenewOutcome.Renewed, await _terms.RenewAsync(term));
    }

    /// <summary>A large snapshot asserts the term as well, and may take longer than a lease, which must not end by it.</summary>
    [Fact]
    public async Task ARenewal_WaitsForNoTransactionOfTheTerm()
    {
        var (term, _) = await TakeAsync("a");
        await using var session = await _database.OpenConnectionAsync();
        await using var transaction = await session.BeginTransactionAsync();
        await using (var fence = new NpgsqlBatch(session, transaction) { BatchCommands = { Fence.Assert(term) } })
            await fence.ExecuteNonQueryAsync();
        Assert.Equal(RenewOutcome.Renewed, await _terms.RenewAsync(term));
        await transaction.CommitAsync();
        await WriteAsync(term);
    }

    /// <summary>Who lost to a renewal must not keep waiting for the transactions of a term that goes on.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task ABidForARowThatHasChanged_WaitsForNoTransactionOfTheTerm()
    {
        var (term, _) = await TakeAsync("a");
        var judged = (await ReadAsync())!.Version;
        Assert.Equal(RenewOutcome.Renewed, await _terms.RenewAsync(term));
        await using var session = await _database.OpenConnectionAsync();
        await using var transaction = await session.BeginTransactionAsync();
        await using (var fence = new NpgsqlBatch(session, transaction) { BatchCommands = { Fence.Assert(term) } })
            await fence.ExecuteNonQueryAsync();

        // A bid that waited would fail with lock_not_available.
        var table = new PostgresLeadershipTable(_database);
        Assert.Null(await table.TakeAsync(NewHolder("b"), judged, lockTimeout: TimeSpan.FromMilliseconds(1), CancellationToken.None));
        var current = (await ReadAsync())!.Version;
        var waited = await Assert.ThrowsAsync<PostgresException>(() =>
            table.TakeAsync(NewHolder("b"), current, lockTimeout: TimeSpan.FromMilliseconds(1), CancellationToken.None)
        );
        Assert.Equal(PostgresErrorCodes.LockNotAvailable, waited.SqlState);
        await transaction.CommitAsync();
        await WriteAsync(term);
    }

    /// <summary>Nodes with another setting, as in a rolling change of it, judge the lease by the holder's.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task ALease_LastsAsLongAsItsHolderSays_WhateverTheReadersSettingIs()
    {
        await TakeAsync("a");
        var holder = (await ReadAsync())!;
        Assert.Equal(Duration, holder.Duration);

        var shorter = new LeaseOptions { LeaseDuration = Duration / 2 };
        var longer = new LeaseOptions { LeaseDuration = Duration * 2 };
        Assert.All(
            [shorter, longer],
            options =>
            {
                var state = new LeadershipState(TimeProvider.System, options);
                Assert.False(state.SeeRow(holder with { Age = Duration - TimeSpan.FromMilliseconds(1) }));
                Assert.True(state.SeeRow(holder with { Age = Duration }));
                state.SeeHeld(holder with { Age = Duration - TimeSpan.FromMilliseconds(1) });
                Assert.Equal(TimeSpan.FromMilliseconds(1), state.NextLook);
            }
        );
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

    private Task<TermHolder?> ReadAsync() => _terms.ReadAsync(Resource, CancellationToken.None);

    /// <summary>A busy machine may take longer than the product waits for a term; what was taken meanwhile is taken again.</summary>
    private Task<TakenTerm> TakeAsync(string nodeId) =>
        Eventually.GetAsync("the term", Eventually.Patience, async () => await TryTakeAsync(nodeId, (await ReadAsync())?.Version));

    private Task<TakenTerm?> TryTakeAsync(string nodeId, HolderVersion? dead) =>
        _terms.TakeAsync(NewHolder(nodeId), dead, CancellationToken.None);

    private static NewHolder NewHolder(string nodeId)
    {
        var token = Guid.NewGuid();
        return new NewHolder(Resource, token, nodeId, "https://127.0.0.1:1", LeaderSessions.NameOf(Resource, token), Duration);
    }

    private async Task WriteAsync(Term term)
    {
        await using var session = await _database.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(session);
        batch.BatchCommands.Add(Fence.Assert(term));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("INSERT INTO accounts VALUES (1, decode(repeat('01', 20), 'hex'))"));
        await batch.ExecuteNonQueryAsync();
    }

    private Task ExecuteAsync(string sql) => ScalarAsync(sql);

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
