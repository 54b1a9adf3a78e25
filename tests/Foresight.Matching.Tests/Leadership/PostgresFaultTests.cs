using Foresight.Matching.Tests.Nodes;
using Foresight.Protocol;
using Foresight.Matching.Tests.Stores;
using Npgsql;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>A commit that fails, or whose end nobody knows, costs a term and never an order.</summary>
[Collection(StoresCollection.Name)]
public sealed class PostgresFaultTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly Traders traders = new(seed: 40);
    private TestCluster cluster = null!;
    private TcpProxy proxy = null!;
    private TestNode node = null!;

    public async Task InitializeAsync()
    {
        cluster = await TestCluster.CreateAsync(stores);
        var server = new NpgsqlConnectionStringBuilder(cluster.Connection);
        proxy = new TcpProxy(server.Host!, server.Port);
        var through = new NpgsqlConnectionStringBuilder(cluster.Connection) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString;
        node = await TestNode.StartAsync("n1", cluster.With("ConnectionStrings:foresight", through));
        await node.ActiveAsync();
        await node.Router.SendAsync(Traders.Fund(1));
    }

    public async Task DisposeAsync()
    {
        await node.DisposeAsync();
        await proxy.DisposeAsync();
        await cluster.DisposeAsync();
    }

    [Fact]
    public async Task ACommitWhoseAnswerIsLost_IsAnsweredOnce_WithWhatTheJournalSays()
    {
        proxy.Set(ProxyMode.SwallowReplies);
        var place = traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1);
        var answer = node.Router.SendAsync(place);
        await proxy.HeldBack.Task.WaitAsync(Eventually.Patience);
        proxy.Set(ProxyMode.Cut);
        proxy.Set(ProxyMode.Forward);
        var result = await answer;
        Assert.Equal(ResultStatus.Accepted, result.Status);
        Assert.Equal(1L, await cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        Assert.Equal(result.Sequence, await cluster.ScalarAsync<long>($"SELECT sequence FROM commands WHERE request_id = '{place.RequestId}'"));
        await JournalChecks.AssertSoundAsync(cluster);
    }

    [Fact]
    public async Task ADatabaseThatIsGoneForAWhile_LosesNothingAcknowledged_AndTradingGoesOnAfterwards()
    {
        var acknowledged = new List<LeaderCommand>();
        for (var round = 0; round < 3; round++)
        {
            var commands = Enumerable.Range(0, 20).Select(_ => traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1)).ToList();
            var answers = Task.WhenAll(commands.Select(command => node.Router.SendAsync(command)));
            proxy.Set(ProxyMode.Cut);
            await Eventually.TrueAsync(
                "the leader notices that it cannot commit", Eventually.Patience, () => node.Presence.State != "active");
            proxy.Set(ProxyMode.Forward);
            Assert.All(await answers, answer => Assert.Equal(ResultStatus.Accepted, answer.Status));
            acknowledged.AddRange(commands);
        }

        Assert.Equal(acknowledged.Count, (int)await cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        var proof = await node.ProofAsync();
        Assert.Equal(await cluster.ReplayHashAsync(proof.Sequence), proof.StateHash);
        await JournalChecks.AssertSoundAsync(cluster);
    }

    [Fact]
    public async Task ADeadlock_IsTriedOnceMore_AndCommittedOnce_InTheSameTerm()
    {
        // A sequence counts the attempts: what was undone does not undo it.
        await cluster.ExecuteAsync(
            """
            CREATE SEQUENCE attempts;
            CREATE FUNCTION deadlock_at_first() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('attempts') = 1 THEN RAISE EXCEPTION 'as if' USING ERRCODE = 'deadlock_detected'; END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER deadlock_at_first AFTER INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION deadlock_at_first();
            """);
        var before = await cluster.ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = 'matching-engine'");
        var place = traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1);
        var result = await node.Router.SendAsync(place);
        Assert.Equal((ResultStatus.Accepted, before), (result.Status, result.Epoch));
        Assert.Equal(2L, await cluster.ScalarAsync<long>("SELECT last_value FROM attempts"));
        Assert.Equal(1L, await cluster.ScalarAsync<long>($"SELECT count(*) FROM commands WHERE request_id = '{place.RequestId}'"));
        await JournalChecks.AssertSoundAsync(cluster);
    }

    [Fact]
    public async Task AReadOnlyPrimary_EndsTheTerm_AndWritesNoPartOfABatch()
    {
        var name = new NpgsqlConnectionStringBuilder(cluster.Connection).Database;
        await cluster.ExecuteAsync($"ALTER DATABASE {name} SET default_transaction_read_only = on");
        await cluster.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()");
        var command = traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1) with { Deadline = DateTimeOffset.UtcNow.AddSeconds(2) };
        var refused = await node.Router.SendAsync(command);
        Assert.Contains(refused.Status, new[] { ResultStatus.Late, ResultStatus.InDoubt });

        await cluster.ExecuteAsync($"SET default_transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only");
        await cluster.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()");
        await node.ActiveAsync();
        Assert.Equal(ResultStatus.Accepted, (await node.Router.SendAsync(command with { Deadline = DateTimeOffset.UtcNow.AddSeconds(60) })).Status);
        Assert.Equal(1L, await cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        await JournalChecks.AssertSoundAsync(cluster);
    }

    [Fact]
    public async Task ATermThatAnotherNodeTook_CommitsNothingMore_AndSaysSoToItsCallers()
    {
        // As if another node had won while this one still trusts its lease.
        await cluster.ExecuteAsync("UPDATE leadership SET epoch = epoch + 1, token = gen_random_uuid(), node_id = 'rival'");
        var answer = await node.Router.SendAsync(traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1));
        Assert.Equal(ResultStatus.Accepted, answer.Status);
        Assert.True(answer.Epoch >= 3, "acknowledged only in a term after the rival's");
        Assert.Equal(1L, await cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }
}
