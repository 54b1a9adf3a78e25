using Foresight.Chain;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.Journal;

[Collection(StoresCollection.Name)]
public sealed class JournalCommitTests(StoresFixture stores) : IAsyncLifetime
{
    private const string SessionName = "the writer of these tests";

    private TestCluster _cluster = null!;
    private NpgsqlDataSource _sessions = null!;
    private PostgresJournal _journal = null!;
    private Term _term = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _sessions = SessionsTo(new NpgsqlConnectionStringBuilder(_cluster.Connection));
        _journal = new PostgresJournal(_sessions, shard: 0);
        _term = await TakeAsync();
    }

    public async Task DisposeAsync()
    {
        await _sessions.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task ACommit_TellsAPositionOfTheLog_ThatCoversIt()
    {
        var committed = await _journal.CommitAsync(_term, BatchWithAccount());
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM accounts"));
        Assert.True(await _cluster.ScalarAsync<bool>($"SELECT pg_current_wal_insert_lsn() >= '{committed.Lsn}'"));
    }

    [Fact]
    public async Task Commit_WithAStaleTerm_WritesNothing_AndSaysSo()
    {
        await TakeAsync();
        Assert.True(Fence.Refused(await Assert.ThrowsAsync<PostgresException>(() => _journal.CommitAsync(_term, BatchWithAccount()))));
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM accounts"));
    }

    [Fact]
    public async Task AnErrorInOneStatement_IsCertain_AndLeavesNothingOfTheOthers()
    {
        await _journal.CommitAsync(_term, BatchWithAccount());
        var batch = BatchWithAccount(account: 2, address: 2);
        batch.Accounts.Add((new(3), AddressOf(1)));
        await Assert.ThrowsAsync<PostgresException>(() => _journal.CommitAsync(_term, batch));
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM accounts"));
    }

    [Fact]
    public async Task ASessionThatIsEndedDuringTheCommit_LeavesItInDoubt()
    {
        await using var blocker = await _cluster.Database.OpenConnectionAsync();
        await using var transaction = await blocker.BeginTransactionAsync();
        await using (var block = new NpgsqlCommand("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE", blocker, transaction))
            await block.ExecuteNonQueryAsync();
        var commit = _journal.CommitAsync(_term, BatchWithAccount());
        await Eventually.TrueAsync(
            "the commit waits for the lock",
            Eventually.Patience,
            () =>
                _cluster.ScalarAsync<bool>(
                    $"SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = '{SessionName}' AND wait_event_type = 'Lock')"
                )
        );
        await _cluster.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{SessionName}'");
        await Assert.ThrowsAsync<InDoubtException>(() => commit);
    }

    [Fact]
    public async Task ACommitWhoseAnswerIsLost_IsInDoubt_ThoughItHappened()
    {
        var server = new NpgsqlConnectionStringBuilder(_cluster.Connection);
        await using var proxy = new TcpProxy(server.Host!, server.Port);
        await using var through = SessionsTo(
            new NpgsqlConnectionStringBuilder(_cluster.Connection) { Host = "127.0.0.1", Port = proxy.Port }
        );
        var deaf = new PostgresJournal(through, shard: 0);
        await deaf.CommitAsync(_term, BatchWithAccount());
        proxy.Set(ProxyMode.SwallowReplies);
        var commit = deaf.CommitAsync(_term, BatchWithAccount(account: 2, address: 2));
        await Assert.ThrowsAsync<InDoubtException>(() => commit.WaitAsync(Eventually.Patience));
        Assert.Equal(2L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM accounts"));
    }

    [Fact]
    public async Task ASnapshotOfWhatTheJournalDoesNotHave_IsNotStored()
    {
        var ahead = new JournalStep.StoreSnapshot(new EngineSnapshot(5, "0000000000000000", [1]), _term.Epoch);
        await new PostgresJournal(_sessions, shard: 0).ExecuteAsync(
            new JournalTransaction(new JournalStep.AssertTerm(_term), ahead, new JournalStep.Commit())
        );
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM snapshots"));
    }

    [Fact]
    public async Task ABatchThatWasGivenUpWhileItWaitedForAConnection_IsCertainlyNotDone_AndNeverSent()
    {
        await using var one = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(_cluster.Connection)
            {
                ApplicationName = SessionName,
                MaxPoolSize = 1,
                Timeout = (int)Eventually.Patience.TotalSeconds,
            }
        );
        var held = await one.OpenConnectionAsync();
        // The failure is certain, not in doubt, so the callers learn at once that another leader may apply the command.
        var waiting = new PostgresJournal(one, shard: 0);
        await Assert.ThrowsAsync<TimeoutException>(() => waiting.CommitAsync(_term, BatchWithAccount()));
        await held.DisposeAsync();
        // The pool serves in order, so when this call gets the connection, the batch has had it.
        await using (await one.OpenConnectionAsync())
            Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM accounts"));
    }

    private static NpgsqlDataSource SessionsTo(NpgsqlConnectionStringBuilder server) =>
        new LeaderSessions(
            PrimaryServers.Alone(new PostgresAddress(server, []), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance
        ).Open(SessionName);

    private Task<Term> TakeAsync() => Task.Run(() => TestTerms.TakeAsync(_cluster.Database, "matching-engine", sessionName: "nobody"));

    private static JournalBatch BatchWithAccount(int account = 1, byte address = 1)
    {
        var batch = new JournalBatch();
        batch.Accounts.Add((new(account), AddressOf(address)));
        return batch;
    }

    private static Address AddressOf(byte last)
    {
        var bytes = new byte[Address.Size];
        bytes[^1] = last;
        return new Address(bytes);
    }
}
