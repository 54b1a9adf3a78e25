using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.Journal;

[Collection(StoresCollection.Name)]
public sealed class JournalPulseTests(StoresFixture stores)
{
    [Fact]
    public async Task CutOffWhileItWaitsForMuch_TheWorkEndsLongBeforeItsOwnLimit()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        var server = new NpgsqlConnectionStringBuilder(cluster.Connection);
        await using var proxy = new TcpProxy(server.Host!, server.Port);
        (server.Host, server.Port) = ("127.0.0.1", proxy.Port);
        await using var sessions = SessionsTo(server);
        var journal = new PostgresJournal(sessions, shard: 0);
        await journal.FindAsync([], CancellationToken.None);

        var waits = new TaskCompletionSource();
        var working = JournalPulse.WhileItBeatsAsync(
            journal,
            TimeProvider.System,
            CancellationToken.None,
            async ending =>
            {
                waits.SetResult();
                // A read of a rebuild may take a minute, so only the pulse can end it within the test's patience.
                await using var slow = sessions.CreateCommand("SELECT pg_sleep(60)");
                slow.CommandTimeout = 60;
                return await slow.ExecuteNonQueryAsync(ending);
            }
        );
        await waits.Task;
        proxy.Set(ProxyMode.SwallowReplies);
        var error = await Record.ExceptionAsync(() => working.WaitAsync(TimeSpan.FromSeconds(45)));
        Assert.True(working.IsFaulted, "the work itself ended, and not this test's patience");
        // Without an answer, or without a connection to ask over, a term ends.
        Assert.True(error is TimeoutException or NpgsqlException, $"{error}");
    }

    [Fact]
    public async Task WhileTheJournalAnswers_TheWorkMayTakeItsTime()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        await using var sessions = SessionsTo(new NpgsqlConnectionStringBuilder(cluster.Connection));
        var done = await JournalPulse.WhileItBeatsAsync(
            new PostgresJournal(sessions, shard: 0),
            TimeProvider.System,
            CancellationToken.None,
            async ending =>
            {
                await using var slow = sessions.CreateCommand("SELECT 1 FROM pg_sleep(2)");
                return (int)(await slow.ExecuteScalarAsync(ending))!;
            }
        );
        Assert.Equal(1, done);
    }

    private static NpgsqlDataSource SessionsTo(NpgsqlConnectionStringBuilder server)
    {
        var servers = PrimaryServers.Alone(new PostgresAddress(server, []), NullLoggerFactory.Instance);
        return new LeaderSessions(servers, NullLoggerFactory.Instance).Open("pulse");
    }
}
