using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Trust;

/// <summary>
/// The primary's clock is wrong once, as after the restore of a virtual machine. In this database a function of the same name comes before
/// the server's own, so that whatever asks for the time gets that of the test.
/// </summary>
[Trait("Category", "Trust")]
[Collection(StoresCollection.Name)]
public sealed class WrongDatabaseClockTests(StoresFixture stores) : IAsyncLifetime
{
    private const int GoodTilDate = 1;
    private const string Doubted = "The database's clock is ";

    private readonly Traders _traders = new(seed: 43);
    private TestCluster _cluster = null!;
    private TestNode _node = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        await _cluster.ExecuteAsync(
            """
            CREATE TABLE test_clock (ahead interval NOT NULL);
            INSERT INTO test_clock VALUES ('0');
            CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
                AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM public.test_clock';
            DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$;
            UPDATE markets SET closes_at = now() + interval '1 hour' WHERE market_id = 1
            """
        );
        _node = await TestNode.StartAsync("n1", _cluster);
        await _node.ActiveAsync();
        foreach (var trader in new[] { 1, 2 })
            await SendAsync(Traders.Fund(trader));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task ADatabaseThatIsOnceAhead_ClosesNoMarket_ExpiresNoOrder_AndStopsNothingOnceItIsRight()
    {
        var (lasting, dated) = (Place(), Place(expiry: await NowAsync() + 1_800));
        Assert.Equal(["open", "open"], new[] { await SendAsync(lasting), await SendAsync(dated) }.Select(answer => answer.OrderStatus));
        // Beyond the closing of the market, the end of both orders and half the longest life.
        await SetAheadAsync("30 hours");
        Assert.Equal((ResultStatus.Late, ProblemCodes.Unavailable), await CodeAsync(Place()));
        // Long enough for every timer to have run twice.
        await TicksAsync(3);
        await AssertUntouchedAsync();

        // Neither a cancel nor a fact of the chain needs to know what time it is.
        Assert.Equal([lasting.Hash], (await SendAsync(Traders.SignedCancel(1, 1, lasting.Salt))).Cancelled);
        Assert.Equal(ResultStatus.Accepted, (await SendAsync(Traders.Fund(1, block: 2))).Status);
        Assert.Single(_node.Said, line => line.StartsWith(Doubted, StringComparison.Ordinal));

        // The next leader has no memory but the journal.
        await _node.DisposeAsync();
        _node = await TestNode.StartAsync("n2", _cluster);
        await _node.ActiveAsync();
        Assert.Equal((ResultStatus.Late, ProblemCodes.Unavailable), await CodeAsync(Place()));
        await TicksAsync(2);
        await AssertUntouchedAsync();

        await SetAheadAsync("0");
        Assert.Equal("open", (await SendAsync(Place())).OrderStatus);
        await AssertUntouchedAsync();
        Assert.True(await _cluster.ScalarAsync<bool>("SELECT max(accepted_at) < now() + interval '1 minute' FROM commands"));
        var matched = await SendAsync(_traders.Place(2, 1, 1, isBuy: true, price: 6_000, lots: 10));
        Assert.Equal("filled", matched.OrderStatus);
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    [Fact]
    public async Task ADatabaseThatTheChainAgreesWith_IsBelieved_AndWhatIsDueEnds()
    {
        Assert.Equal("open", (await SendAsync(Place(expiry: await NowAsync() + 1_800))).OrderStatus);
        await _cluster.ExecuteAsync(
            """
            INSERT INTO chain_cursors (name, block_number, block_hash, block_time)
            VALUES ('follower', 1, '\x00', extract(epoch FROM pg_catalog.clock_timestamp() + interval '2 hours')::bigint)
            """
        );
        await SetAheadAsync("2 hours");
        await Eventually.TrueAsync(
            "the order ends and the market closes",
            Eventually.Patience,
            async () =>
                await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 4") == 1
                && await _cluster.ScalarAsync<short>("SELECT state FROM markets WHERE market_id = 1") == 2
        );
        Assert.DoesNotContain(_node.Said, line => line.StartsWith(Doubted, StringComparison.Ordinal));
    }

    private async Task AssertUntouchedAsync()
    {
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 4"));
        Assert.Equal(0, await _cluster.ScalarAsync<short>("SELECT state FROM markets WHERE market_id = 1"));
    }

    /// <summary>The loop repeats a market's position with each tick's statistics and commits nothing: its ticks are counted here.</summary>
    private async Task TicksAsync(int ticks)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        for (var tick = 0; tick < ticks; tick++)
        {
            await timer.WaitForNextTickAsync();
            await _node.ProofAsync();
        }
    }

    private Task SetAheadAsync(string interval) => _cluster.ExecuteAsync($"UPDATE test_clock SET ahead = '{interval}'");

    private Task<long> NowAsync() => _cluster.ScalarAsync<long>("SELECT extract(epoch FROM pg_catalog.clock_timestamp())::bigint");

    private async Task<(ResultStatus, string?)> CodeAsync(PlaceOrder order)
    {
        var answer = await SendAsync(order);
        return (answer.Status, answer.Code);
    }

    private PlaceOrder Place(long expiry = 0) =>
        _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10, expiry == 0 ? 0 : GoodTilDate, expiry);

    private Task<CommandResult> SendAsync(LeaderCommand command) => _node.Router.SendAsync(command);
}
