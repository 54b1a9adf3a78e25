using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Tests.Leadership;

[Collection(StoresCollection.Name)]
public sealed class PostgresFaultTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 40);
    private TestCluster _cluster = null!;
    private TcpProxy _proxy = null!;
    private TestNode _node = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        var server = new NpgsqlConnectionStringBuilder(_cluster.Connection);
        _proxy = new TcpProxy(server.Host!, server.Port);
        var through = new NpgsqlConnectionStringBuilder(_cluster.Connection) { Host = "127.0.0.1", Port = _proxy.Port }.ConnectionString;
        _node = await TestNode.StartAsync("n1", _cluster.With("ConnectionStrings:foresight", through));
        await _node.ActiveAsync();
        await _node.KnowMarketsAsync();
        await _node.Router.AcceptAsync(Traders.Fund(1));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _proxy.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task ACommitWhoseAnswerIsLost_IsAnsweredOnce_WithWhatTheJournalSays()
    {
        _proxy.Set(ProxyMode.SwallowReplies);
        var place = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1);
        var answer = _node.Router.SendAsync(place);
        await _proxy.HeldBack.Task.WaitAsync(Eventually.Patience);
        _proxy.Set(ProxyMode.Cut);
        _proxy.Set(ProxyMode.Forward);
        var result = await answer;
        Assert.Equal(ResultStatus.Accepted, result.Status);
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        Assert.Equal(
            result.Sequence,
            await _cluster.ScalarAsync<long>($"SELECT sequence FROM commands WHERE request_id = '{place.RequestId}'")
        );
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    [Fact]
    public async Task ADatabaseThatIsGoneForAWhile_LosesNothingAcknowledged_AndTradingGoesOnAfterwards()
    {
        var acknowledged = new List<LeaderCommand>();
        for (var round = 0; round < 3; round++)
        {
            var commands = Enumerable.Range(0, 20).Select(_ => _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1)).ToList();
            var answers = Task.WhenAll(commands.Select(command => _node.Router.SendAsync(command)));
            _proxy.Set(ProxyMode.Cut);
            await Eventually.TrueAsync(
                "the leader notices that it cannot commit",
                Eventually.Patience,
                () => _node.Presence.State != "active"
            );
            _proxy.Set(ProxyMode.Forward);
            Assert.All(await answers, answer => Assert.Equal(ResultStatus.Accepted, answer.Status));
            acknowledged.AddRange(commands);
        }

        Assert.Equal(acknowledged.Count, (int)await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        var proof = await _node.ProofAsync();
        Assert.Equal(await _cluster.ReplayHashAsync(proof.Sequence), proof.StateHash);
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    [Fact]
    public async Task ADeadlock_IsTriedOnceMore_AndCommittedOnce_InTheSameTerm()
    {
        // A sequence counts attempts, because a rollback does not undo nextval.
        await _cluster.ExecuteAsync(
            """
            CREATE SEQUENCE attempts;
            CREATE FUNCTION deadlock_at_first() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('attempts') = 1 THEN RAISE EXCEPTION 'as if' USING ERRCODE = 'deadlock_detected'; END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER deadlock_at_first AFTER INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION deadlock_at_first();
            """
        );
        var before = await _cluster.EpochAsync();
        var place = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1);
        var result = await _node.Router.SendAsync(place);
        Assert.Equal((ResultStatus.Accepted, before), (result.Status, result.Epoch));
        Assert.Equal(2L, await _cluster.ScalarAsync<long>("SELECT last_value FROM attempts"));
        Assert.Equal(1L, await _cluster.ScalarAsync<long>($"SELECT count(*) FROM commands WHERE request_id = '{place.RequestId}'"));
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    [Fact]
    public async Task AReadOnlyPrimary_EndsTheTerm_AndWritesNoPartOfABatch()
    {
        var name = new NpgsqlConnectionStringBuilder(_cluster.Connection).Database;
        await _cluster.ExecuteAsync($"ALTER DATABASE {name} SET default_transaction_read_only = on");
        await _cluster.ExecuteAsync(
            $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        );
        var command = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1) with { Deadline = DateTimeOffset.UtcNow.AddSeconds(2) };
        var refused = await _node.Router.SendAsync(command);
        Assert.Contains(refused.Status, new[] { ResultStatus.Late, ResultStatus.InDoubt });

        await _cluster.ExecuteAsync($"SET default_transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only");
        await _cluster.ExecuteAsync(
            $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        );
        await _node.ActiveAsync();
        Assert.Equal(
            ResultStatus.Accepted,
            (await _node.Router.SendAsync(command with { Deadline = DateTimeOffset.UtcNow.AddSeconds(60) })).Status
        );
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    [Fact]
    public async Task ATermThatAnotherNodeTook_CommitsNothingMore_AndSaysSoToItsCallers()
    {
        // Another node may win while this one still trusts its lease, so only the fence can keep it from committing.
        await _cluster.ExecuteAsync("UPDATE leadership SET epoch = epoch + 1, token = gen_random_uuid(), node_id = 'rival'");
        var answer = await _node.Router.SendAsync(_traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1));
        Assert.Equal(ResultStatus.Accepted, answer.Status);
        Assert.True(answer.Epoch >= 3, "acknowledged only in a term after the rival's");
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }
}
