using Foresight.Matching.Orders;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Loop;

[Collection(StoresCollection.Name)]
public sealed class MatchingTaskTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 1);
    private TestCluster _cluster = null!;
    private TestNode _node = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _node = await TestNode.StartAsync("n1", _cluster);
        await _node.ActiveAsync();
        foreach (var trader in new[] { 1, 2, 3 })
            await SendAsync(Traders.Fund(trader));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task AnAcknowledgedOrder_IsInTheJournal_WithItsAnswer()
    {
        var place = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        var result = await SendAsync(place);
        Assert.Equal((ResultStatus.Accepted, "open", 10L), (result.Status, result.OrderStatus, result.RemainingLots));
        Assert.Equal(
            1L,
            await _cluster.ScalarAsync<long>(
                $"SELECT count(*) FROM commands WHERE request_id = '{place.RequestId}' AND sequence = {result.Sequence}"
            )
        );
        Assert.Equal(
            1L,
            await _cluster.ScalarAsync<long>(
                $"SELECT count(*) FROM orders WHERE order_hash = decode('{place.Hash[2..]}', 'hex') AND status = 0"
            )
        );
        Assert.Equal(40_000L, await _cluster.ScalarAsync<long>("SELECT order_hold FROM balances WHERE account_id = 1 AND outcome = 255"));
        Assert.NotNull(result.CommitLsn);
    }

    [Fact]
    public async Task TwoBuysOfBothOutcomes_TradeByMint_AndEverySideIsWritten()
    {
        await SendAsync(_traders.Place(1, 1, 0, isBuy: true, price: 6_000, lots: 10));
        var taker = await SendAsync(_traders.Place(2, 1, 1, isBuy: true, price: 4_500, lots: 4));
        Assert.Equal("filled", taker.OrderStatus);
        Assert.Equal([(4_000, 4L, true)], taker.Fills!.Select(fill => (fill.PriceTicks, fill.Lots, fill.IsTaker)));
        Assert.Equal(
            1L,
            await _cluster.ScalarAsync<long>("SELECT count(*) FROM trades WHERE kind = 1 AND quantity_lots = 4 AND taker_outcome = 1")
        );
        Assert.Equal(2L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM fills"));
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 1 AND filled_lots = 4"));
    }

    [Fact]
    public async Task TheSameRequestTwice_IsAppliedOnce_AndBothGetTheSameAnswer()
    {
        var place = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        var both = await Task.WhenAll(SendAsync(place), SendAsync(place));
        var later = await SendAsync(place);
        Assert.All([.. both, later], result => Assert.Equal((ResultStatus.Accepted, both[0].Sequence), (result.Status, result.Sequence)));
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task TheSameOrderInAnotherRequest_IsADuplicate_EvenAfterItWasCancelled()
    {
        var place = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        await SendAsync(place);
        Assert.Equal(ResultStatus.Duplicate, (await SendAsync(place with { RequestId = Guid.NewGuid() })).Status);
        await SendAsync(Traders.CancelByHash(1, 1, place.Hash));
        Assert.Equal(ResultStatus.Duplicate, (await SendAsync(place with { RequestId = Guid.NewGuid() })).Status);
    }

    [Fact]
    public async Task ManyCopiesOfOneOrderAtOnce_MakeOneOrder()
    {
        var place = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => SendAsync(place with { RequestId = Guid.NewGuid() })));
        Assert.Equal(1, results.Count(result => result.Status == ResultStatus.Accepted));
        Assert.Equal(99, results.Count(result => result.Status == ResultStatus.Duplicate));
    }

    [Fact]
    public async Task AnotherOrderUnderTheSameIdempotencyKey_IsRefused_HoweverItsRequestIsNamed()
    {
        var first = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10, key: "k");
        await SendAsync(first);
        var other = _traders.Place(1, 1, 0, isBuy: true, price: 4_100, lots: 10, key: "k");
        Assert.Equal(ProblemCodes.IdempotencyKeyReused, (await SendAsync(other with { RequestId = first.RequestId })).Code);
        Assert.Equal(ProblemCodes.IdempotencyKeyReused, (await SendAsync(other)).Code);
        Assert.Equal(
            ResultStatus.Accepted,
            (await SendAsync(_traders.Place(2, 1, 0, isBuy: true, price: 4_000, lots: 10, key: "k"))).Status
        );
    }

    [Fact]
    public async Task AnOrderWithoutFunds_IsNotSequenced_AndMayBeSentAgain()
    {
        var place = _traders.Place(4, 1, 0, isBuy: true, price: 4_000, lots: 10);
        var refused = await SendAsync(place);
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.InsufficientBalance), (refused.Status, refused.Code));
        Assert.Equal(0L, await _cluster.ScalarAsync<long>($"SELECT count(*) FROM commands WHERE request_id = '{place.RequestId}'"));
        await SendAsync(Traders.Fund(4));
        Assert.Equal(ResultStatus.Accepted, (await SendAsync(place)).Status);
    }

    [Fact]
    public async Task ACancelBySalt_RemovesTheMakersOrders_AndNobodyElses()
    {
        var place = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        await SendAsync(place);
        Assert.Null((await SendAsync(Traders.CancelBySalt(2, 1, place.Salt))).Cancelled);
        Assert.Equal(ProblemCodes.UnknownOrder, (await SendAsync(Traders.CancelByHash(2, 1, place.Hash))).Code);
        var cancel = await SendAsync(Traders.CancelBySalt(1, 1, place.Salt));
        Assert.Equal([place.Hash], cancel.Cancelled);
        Assert.Equal("requested", await _cluster.ScalarAsync<string>("SELECT reason FROM orders WHERE status = 3"));
    }

    [Fact]
    public async Task AnOrder_ExpiresByTheDatabasesClock_WithoutAnybodyTrading()
    {
        var now = await _cluster.ScalarAsync<long>("SELECT extract(epoch FROM clock_timestamp())::bigint");
        var expiry = now + TestCluster.ExpiryMarginSeconds + 2;
        await SendAsync(_traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10, timeInForce: 1, expiry: expiry));
        await Eventually.TrueAsync(
            "the order expires",
            Eventually.Patience,
            async () => await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 4") == 1
        );
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT order_hold FROM balances WHERE account_id = 1 AND outcome = 255"));
    }

    [Theory]
    [InlineData("x", "1", "0x11")]
    [InlineData(null, "-1", "0x11")]
    [InlineData(null, "115792089237316195423570985008687907853269984665640564039457584007913129639936", "0x11")]
    [InlineData(null, "1", "11")]
    public async Task AMalformedCommand_IsRefused_AndSpoilsNobodysBatch(string? hash, string salt, string signature)
    {
        var good = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        var bad = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        bad = bad with { Hash = hash ?? bad.Hash, Salt = salt, Signature = signature };
        var text = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        text = text with { ClientOrderId = "a\0b" };
        var results = await _node.Router.SendAsync([good, bad, text]);
        Assert.Equal(
            [
                (ResultStatus.Accepted, null),
                (ResultStatus.Rejected, ProblemCodes.MalformedRequest),
                (ResultStatus.Rejected, ProblemCodes.MalformedRequest),
            ],
            results.Select(result => (result.Status, result.Code))
        );
    }

    [Fact]
    public async Task ACommandPastItsDeadline_IsNotSequenced()
    {
        var late = _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10) with { Deadline = DateTimeOffset.UtcNow.AddSeconds(-1) };
        Assert.Equal(ResultStatus.Late, (await SendAsync(late)).Status);
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }

    private Task<CommandResult> SendAsync(LeaderCommand command) => _node.Router.SendAsync(command);
}
