using Foresight.Chain;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.Trust;

[Collection(StoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class TombstoneTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 17);
    private TestCluster _cluster = null!;
    private TestNode _node = null!;
    private bool _rowsAreAsCommanded = true;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _node = await TestNode.StartAsync("n1", _cluster);
        await _node.ActiveAsync();
        await _node.Router.AcceptAsync(Traders.Fund(1), Traders.Fund(2));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        if (_rowsAreAsCommanded)
            await JournalChecks.AssertSoundAsync(_cluster);
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task AnOrderThatItsCancelOvertook_IsRefused_AlsoAfterAFailover()
    {
        var order = Bid(trader: 1);
        var cancel = await SendAsync(CancelOf(order));
        Assert.Equal((ResultStatus.Accepted, null), (cancel.Status, cancel.Cancelled));
        await RefusedAsync(order);
        // Another order with the salt has another hash, but must be dead as well.
        await RefusedAsync(WithSaltOf(order, Bid(trader: 1)));

        await FailOverAsync();
        await RefusedAsync(order);
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task ASaltOfACancelledOrder_IsUsedUp_InItsMarketAndByItsMakerOnly()
    {
        var order = Bid(trader: 1);
        await SendAsync(order);
        Assert.Equal([order.Hash], (await SendAsync(CancelOf(order))).Cancelled);
        await RefusedAsync(WithSaltOf(order, Bid(trader: 1)));
        Assert.Equal(ResultStatus.Duplicate, (await SendAsync(order with { RequestId = Guid.NewGuid() })).Status);
        Assert.Equal(ResultStatus.Accepted, (await SendAsync(WithSaltOf(order, Bid(trader: 2), trader: 2))).Status);
        var elsewhere = WithSaltOf(order, _traders.Place(1, 2, 0, isBuy: true, price: 3_000, lots: 10));
        Assert.Equal(ResultStatus.Accepted, (await SendAsync(elsewhere)).Status);
    }

    [Fact]
    public async Task ACancelSentAgain_DoesNothingMore_AndIsAnsweredWithTheFirstOnesPosition()
    {
        var order = Bid(trader: 1);
        await SendAsync(order);
        var first = await SendAsync(CancelOf(order));
        var commands = await _cluster.ScalarAsync<long>("SELECT count(*) FROM commands");
        foreach (var node in new[] { "n1", "n2" })
        {
            if (node == "n2")
                await FailOverAsync();
            var again = await SendAsync(CancelOf(order));
            Assert.Equal((ResultStatus.Duplicate, null), (again.Status, again.Code));
            Assert.Equal((first.Epoch, first.Sequence, null), (again.Epoch, again.Sequence, again.Cancelled));
        }

        Assert.Equal(commands, await _cluster.ScalarAsync<long>("SELECT count(*) FROM commands WHERE kind <> 12"));
    }

    [Fact]
    public async Task ACancelAndItsOrder_InOneBatch_EndWithoutAnOrder_InEitherOrder()
    {
        var (overtaken, cancelled) = (Bid(trader: 1), Bid(trader: 1));
        var results = await _node.Router.SendAsync([CancelOf(overtaken), overtaken, cancelled, CancelOf(cancelled), CancelOf(cancelled)]);
        Assert.Equal(
            [
                (ResultStatus.Accepted, null),
                (ResultStatus.Rejected, ProblemCodes.SaltCancelled),
                (ResultStatus.Accepted, null),
                (ResultStatus.Accepted, null),
                (ResultStatus.Duplicate, null),
            ],
            results.Select(result => (result.Status, result.Code))
        );
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status IN (0, 1)"));
    }

    [Fact]
    public async Task OrdersAndCancelsThatRace_OverTwoRouters_LeaveNoOrderOfACancelledSalt()
    {
        await using var other = await TestNode.StartAsync("n2", _cluster);
        var orders = Enumerable.Range(0, 200).Select(_ => Bid(trader: 1, lots: 1)).ToList();
        var placing = Task.WhenAll(orders.Select(order => _node.Router.SendAsync(order)));
        var cancels = await Task.WhenAll(orders.Select(order => other.Router.SendAsync(CancelOf(order))));
        await placing;
        Assert.All(cancels, cancel => Assert.Equal(ResultStatus.Accepted, cancel.Status));
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status IN (0, 1)"));
        Assert.Equal(200L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM salt_tombstones"));
    }

    [Fact]
    public async Task CancelsWithoutAnOrder_AreRememberedUpToABound_AndOnlyForAnAccountThatOwnsSomething()
    {
        await _node.Router.AcceptAsync([Traders.Fund(3, micros: 0), .. Enumerable.Range(0, 990).Select(EarlyCancel)]);
        var last = await _node.Router.SendAsync([.. Enumerable.Range(990, 20).Select(EarlyCancel)]);
        Assert.All(last.Take(10), result => Assert.Equal(ResultStatus.Accepted, result.Status));
        Assert.All(last.Skip(10), result => Assert.Equal((ResultStatus.Rejected, ProblemCodes.CancelOnChain), Said(result)));
        Assert.Equal(
            MatchingLimits.EarlyCancelsPerAccount,
            await _cluster.ScalarAsync<long>("SELECT count(*) FROM salt_tombstones WHERE NOT met_order")
        );

        // A refused cancel leaves nothing: an account could fill the journal with them.
        Assert.All(last.Skip(10), result => Assert.Equal(0, result.Sequence));
        Assert.Equal(
            MatchingLimits.EarlyCancelsPerAccount,
            await _cluster.ScalarAsync<long>($"SELECT count(*) FROM commands WHERE kind = {(int)CommandKind.CancelBySalt}")
        );

        // At the bound a cancel that meets its order must still work, and uses up the salt.
        var order = Bid(trader: 1);
        await SendAsync(order);
        Assert.Equal([order.Hash], (await SendAsync(CancelOf(order))).Cancelled);
        await RefusedAsync(WithSaltOf(order, Bid(trader: 1)));
        foreach (var (trader, code) in new[] { (3, ProblemCodes.UnknownOrder), (4, ProblemCodes.UnknownOrder) })
        {
            var refused = await SendAsync(Traders.CancelBySalt(trader, 1, "1"));
            Assert.Equal((ResultStatus.Rejected, code, 0L), (refused.Status, refused.Code, refused.Sequence));
        }

        Assert.Equal(ResultStatus.Accepted, (await SendAsync(Traders.CancelBySalt(2, 1, "1"))).Status);

        // A cancel on chain is refused at the bound in the same way, so that an account at it cannot stop the follower.
        var market = new DeployedMarket(1, Address.Zero, Outcomes: 2, State: 0);
        var deployment = new Deployment(
            31337,
            default,
            Address.Zero,
            Address.Zero,
            Address.Zero,
            0,
            1,
            BlockOffset: 0,
            LongestOrderLife: TimeSpan.FromDays(1),
            [market]
        );
        var follower = new LeaderClient(
            _node.Router.SendAsync,
            deployment,
            new SettlementOptions(),
            TimeProvider.System,
            NullLogger.Instance
        );
        var onChain = follower.CancelSalt(
            Address.Parse(Traders.Address(1)),
            marketId: 1,
            salt: 77,
            Keccak256.HashText("cancel"),
            logIndex: 0
        );
        await follower.DeliverAsync([onChain], CancellationToken.None);
        Assert.Equal(
            (ResultStatus.Rejected, ProblemCodes.CancelOnChain),
            Said(await SendAsync(onChain with { Deadline = Traders.Deadline }))
        );

        static LeaderCommand EarlyCancel(int number) => Traders.CancelBySalt(1, 1, $"{1_000_000 + number}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ATombstoneNeverEnds_SinceAnOrderWithoutAnExpiryDoesNot(bool metAnOrder)
    {
        var held = Bid(trader: 1);
        if (metAnOrder)
            await SendAsync(WithSaltOf(held, Bid(trader: 1)));
        await SendAsync(CancelOf(held));
        await ADayPassesAsync();
        await SendAsync(CancelOf(Bid(trader: 1)));
        await RefusedAsync(held);
        Assert.Equal(2L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM salt_tombstones"));
    }

    [Fact]
    public async Task CancelsWithoutAnOrder_AreBoundedForEachDay_AndThoseBeforeItStayRemembered()
    {
        var held = Bid(trader: 1);
        await _node.Router.SendAsync([CancelOf(held), .. Cancels(from: 1)]);
        Assert.Equal(ProblemCodes.CancelOnChain, (await SendAsync(Traders.CancelBySalt(1, 1, "1"))).Code);
        await ADayPassesAsync();
        Assert.Equal(ResultStatus.Accepted, (await SendAsync(Traders.CancelBySalt(1, 1, "1"))).Status);
        await RefusedAsync(held);

        static IEnumerable<LeaderCommand> Cancels(int from) =>
            Enumerable
                .Range(from, MatchingLimits.EarlyCancelsPerAccount - from)
                .Select(i => Traders.CancelBySalt(1, 1, $"{1_000_000 + i}"));
    }

    /// <summary>Early cancels are kept for ever, so that each look-up would read more of them every day.</summary>
    [Fact]
    public async Task TheLookUpOfACancel_ReadsNoMoreRowsThanCount_HoweverManyAreOld()
    {
        await SendAsync(CancelOf(Bid(trader: 1)));
        await _cluster.ExecuteAsync(
            """
            INSERT INTO salt_tombstones (market_id, maker, salt_tag, shard, epoch, sequence, met_order, until)
            SELECT 1, (SELECT maker FROM salt_tombstones LIMIT 1), i, 0, 1, -i, false, clock_timestamp() - interval '1 day'
            FROM generate_series(1, 20000) i;
            ANALYZE salt_tombstones
            """
        );
        _rowsAreAsCommanded = false;
        var cancel = QueuedCommand.Read(Traders.CancelBySalt(1, 1, "1"), deadline: 0)!;
        await using var batch = _cluster.Database.CreateBatch();
        batch.BatchCommands.Add(TombstoneStatements.Makers([cancel], shard: 0));
        batch.BatchCommands[0].CommandText = "EXPLAIN (ANALYZE) " + batch.BatchCommands[0].CommandText;
        var plan = new List<string>();
        await using (var reader = await batch.ExecuteReaderAsync())
            while (await reader.ReadAsync())
                plan.Add(reader.GetString(0));

        var scan = Assert.Single(plan, line => line.Contains("salt_tombstones_early", StringComparison.Ordinal));
        var rows = int.Parse(System.Text.RegularExpressions.Regex.Match(scan, @"actual time=\S+ rows=(\d+)").Groups[1].Value);
        Assert.InRange(rows, 1, MatchingLimits.EarlyCancelsPerAccount);
        Assert.DoesNotContain(plan, line => line.Contains("Rows Removed by Filter", StringComparison.Ordinal));
    }

    private async Task ADayPassesAsync()
    {
        var period = await _cluster.ScalarAsync<TimeSpan>("SELECT max(until) - clock_timestamp() FROM salt_tombstones");
        Assert.InRange(period, MatchingLimits.EarlyCancelsPeriod - TimeSpan.FromMinutes(1), MatchingLimits.EarlyCancelsPeriod);
        await _cluster.ExecuteAsync("UPDATE salt_tombstones SET until = clock_timestamp()");
        _rowsAreAsCommanded = false;
    }

    private PlaceOrder Bid(int trader, long lots = 10) => _traders.Place(trader, 1, 0, isBuy: true, price: 4_000, lots);

    private static PlaceOrder WithSaltOf(PlaceOrder first, PlaceOrder other, int trader = 1) =>
        Traders.Sign(trader, other with { Salt = first.Salt, Lots = other.Lots + 1 });

    private static CancelBySalt CancelOf(PlaceOrder order) =>
        new(order.Maker, order.MarketId, order.Salt) { RequestId = Guid.NewGuid(), Deadline = Traders.Deadline };

    private static (ResultStatus, string?) Said(CommandResult result) => (result.Status, result.Code);

    private async Task RefusedAsync(PlaceOrder order) =>
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.SaltCancelled), Said(await SendAsync(order with { RequestId = Guid.NewGuid() })));

    private async Task FailOverAsync()
    {
        await _node.DisposeAsync();
        _node = await TestNode.StartAsync("n2", _cluster);
        await _node.ActiveAsync();
    }

    private Task<CommandResult> SendAsync(LeaderCommand command) => _node.Router.SendAsync(command);
}
