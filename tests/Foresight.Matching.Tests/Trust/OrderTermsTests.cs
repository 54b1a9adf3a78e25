using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Trust;

[Collection(StoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class OrderTermsTests(StoresFixture stores) : IAsyncLifetime
{
    private const int Ioc = 2;
    private const int Fok = 3;

    private readonly Traders _traders = new(seed: 12);
    private TestCluster _cluster = null!;
    private TestNode _node = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _node = await TestNode.StartAsync("n1", _cluster);
        await _node.ActiveAsync();
        await _node.Router.AcceptAsync(Traders.Fund(1), Traders.Fund(2), Traders.FundShares(2, 1, 0));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await JournalChecks.AssertSoundAsync(_cluster);
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task AKilledFillOrKill_SentAgainWithoutItsTimeInForce_NeverRests_AlsoAfterAFailover()
    {
        var killed = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10, timeInForce: Fok);
        var first = await SendAsync(killed);
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.WouldNotFill, "rejected"), (first.Status, first.Code, first.OrderStatus));

        await DifferAsync(killed with { TimeInForce = 0 }, "timeInForce");
        Assert.Equal((ResultStatus.Duplicate, ProblemCodes.DuplicateOrder), Said(await SendAsync(Again(killed))));

        await _node.DisposeAsync();
        _node = await TestNode.StartAsync("n2", _cluster);
        await _node.ActiveAsync();
        await DifferAsync(killed with { TimeInForce = 0 }, "timeInForce");
        Assert.Equal((ResultStatus.Duplicate, ProblemCodes.DuplicateOrder), Said(await SendAsync(Again(killed))));
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status IN (0, 1)"));
        Assert.Equal("would_not_fill", await _cluster.ScalarAsync<string>("SELECT reason FROM orders WHERE status = 5"));
    }

    [Fact]
    public async Task WhatTheBookRefusedOrKilled_IsDeadForEver()
    {
        await SendAsync(_traders.Place(2, 1, 0, isBuy: false, price: 6_000, lots: 5));
        var postOnly = _traders.Place(1, 1, 0, isBuy: true, price: 6_000, lots: 10) with { PostOnly = true };
        var ownAsk = _traders.Place(2, 1, 0, isBuy: true, price: 6_000, lots: 1);
        var partly = _traders.Place(1, 1, 0, isBuy: true, price: 6_000, lots: 10, timeInForce: Ioc);
        Assert.Equal(ProblemCodes.WouldCross, (await SendAsync(postOnly)).Code);
        Assert.Equal(ProblemCodes.SelfTrade, (await SendAsync(ownAsk)).Code);
        var killed = await SendAsync(partly);
        Assert.Equal(("cancelled", 5L), (killed.OrderStatus, killed.FilledLots));

        // The book is empty now, so the reason of each refusal has passed.
        foreach (var dead in new[] { postOnly, ownAsk, partly })
            Assert.Equal((ResultStatus.Duplicate, ProblemCodes.DuplicateOrder), Said(await SendAsync(Again(dead))));
        await DifferAsync(postOnly with { PostOnly = false }, "postOnly");
        await DifferAsync(ownAsk with { SelfTradePrevention = 1 }, "selfTradePrevention");
        await DifferAsync(partly with { TimeInForce = 0, ClientOrderId = "mine" }, "timeInForce", "clientOrderId");
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status IN (0, 1)"));
    }

    [Fact]
    public async Task ARestingOrder_SentAgainWithOtherTerms_IsRefused_AndUnchanged()
    {
        var order = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10, key: "k") with { ClientOrderId = "a" };
        var other = order with { ClientOrderId = "b" };
        // Neither the same batch nor the order's own idempotency key and request id may let other terms through.
        var both = await _node.Router.SendAsync([order, Again(other)]);
        Assert.Equal([ResultStatus.Accepted, ResultStatus.Duplicate], both.Select(result => result.Status));
        Assert.Equal(ProblemCodes.OrderTermsDiffer, both[1].Code);
        await DifferAsync(other, "clientOrderId");
        Assert.Equal(ProblemCodes.OrderTermsDiffer, (await SendAsync(other)).Code);
        Assert.Equal(both[0].Sequence, (await SendAsync(order)).Sequence);
        Assert.Equal("a", await _cluster.ScalarAsync<string>("SELECT client_order_id FROM orders WHERE status = 0"));
    }

    [Fact]
    public async Task WhatIsRefusedBeforeSequencing_LeavesNoTrace_AndMayBeSentAgainWithAnyTerms()
    {
        var commands = await _cluster.ScalarAsync<long>("SELECT count(*) FROM commands");
        var place = _traders.Place(4, 1, 0, isBuy: true, price: 4_000, lots: 10, timeInForce: Fok, key: "k");
        var refused = await SendAsync(place);
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.InsufficientBalance), Said(refused));
        Assert.Equal(0, refused.Sequence);
        Assert.Equal(commands, await _cluster.ScalarAsync<long>("SELECT count(*) FROM commands"));
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        Assert.Equal(2L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM accounts"));

        await SendAsync(Traders.Fund(4));
        var accepted = await SendAsync(place with { TimeInForce = 0 });
        Assert.Equal((ResultStatus.Accepted, "open"), (accepted.Status, accepted.OrderStatus));
    }

    [Fact]
    public async Task FundsOfAnExpiredOrder_AreFree_ForTheOrderThatComesFirstAfterIt()
    {
        await SendAsync(Traders.Fund(3, micros: 40_000));
        var now = await _cluster.ScalarAsync<long>("SELECT extract(epoch FROM clock_timestamp())::bigint");
        var expiry = now + TestCluster.ExpiryMarginSeconds + 2;
        await SendAsync(_traders.Place(3, 1, 0, isBuy: true, price: 4_000, lots: 10, timeInForce: 1, expiry: expiry));
        var next = _traders.Place(3, 1, 0, isBuy: true, price: 4_000, lots: 10);
        await Eventually.TrueAsync(
            "the next order has the funds",
            Eventually.Patience,
            async () => (await SendAsync(Again(next))).Status != ResultStatus.Rejected
        );
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 4"));
    }

    private static PlaceOrder Again(PlaceOrder order) => order with { RequestId = Guid.NewGuid() };

    private static (ResultStatus, string?) Said(CommandResult result) => (result.Status, result.Code);

    private async Task DifferAsync(PlaceOrder order, params string[] names)
    {
        var result = await SendAsync(Again(order));
        Assert.Equal((ResultStatus.Duplicate, ProblemCodes.OrderTermsDiffer), Said(result));
        Assert.Equal(names, result.Differences);
    }

    private Task<CommandResult> SendAsync(LeaderCommand command) => _node.Router.SendAsync(command);
}
