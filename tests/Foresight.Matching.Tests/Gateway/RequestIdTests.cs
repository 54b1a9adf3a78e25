using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Matching.Tests.Gateway;

/// <summary>
/// The ids of facts, of the leader's own commands and of idempotency keys can be computed, so a holder of the cluster's secret could take
/// them for commands of its own before they are used.
/// </summary>
[Collection(StoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class RequestIdTests(StoresFixture stores) : IAsyncLifetime
{
    private const int FillOrKill = 3;

    private readonly Traders _traders = new(seed: 43);
    private TestCluster _cluster = null!;
    private TestNode _node = null!;
    private GatewayClient _api = null!;
    private GatewayClient _follower = null!;
    private TermClaim _term = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _node = await TestNode.StartAsync("n1", _cluster.Settings);
        await _node.ActiveAsync();
        await _node.Router.AcceptAsync(Traders.Fund(1), Traders.Fund(2), Traders.FundShares(2, 1, 0));
        (_api, _follower) = (ClientOf("api-1", NodeKinds.Api), ClientOf("n2", NodeKinds.Matching));
        _term = new TermClaim(
            LeasedResources.Settlement,
            1,
            await _cluster.ScalarAsync<Guid>("SELECT token FROM leadership WHERE resource = 'settlement'")
        );
    }

    public async Task DisposeAsync()
    {
        _api.Dispose();
        _follower.Dispose();
        await _node.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task ATradersCommandUnderTheIdOfAFact_IsRefused_AndTheFactIsDone()
    {
        var (maker, taker) = (Place(1, isBuy: true), Place(2, isBuy: false));
        await SendAsync(maker);
        var trade = Assert.Single((await SendAsync(taker)).Fills!).TradeId;
        var id = RequestIds.OfFact("settle", trade.ToString());

        await AssertRefusedAsync(Place(1, isBuy: true, timeInForce: FillOrKill) with { RequestId = id });
        await AssertRefusedAsync(Place(1, isBuy: true) with { RequestId = id });
        await AssertRefusedAsync(Traders.SignedCancel(1, 1, "4711") with { RequestId = id });

        var settled = await ReportAsync(new SettleTrade(trade, 2) { RequestId = id, Deadline = Traders.Deadline });
        Assert.Equal(ResultStatus.Accepted, settled.Status);
        Assert.Contains(_node.Said, line => line.Contains("api-1 at 127.0.0.1 sent a Place under request id", StringComparison.Ordinal));
        // No proof against its sender: a node of another version may compute ids in another way.
        Assert.Equal(ResultStatus.Accepted, (await SendAsync(Place(1, isBuy: true))).Status);
        Assert.Empty((await _api.StatusAsync(_node.Presence.Address, 0, CancellationToken.None))!.PutOut);
    }

    [Fact]
    public async Task TheIdsOfTheLeadersOwnCommands_CannotBeTaken_SoItsOrdersExpire()
    {
        var sequence = await _cluster.ScalarAsync<long>("SELECT max(sequence) FROM commands");
        for (var ahead = 1; ahead <= 20; ahead++)
            await AssertRefusedAsync(
                Traders.SignedCancel(1, 1, ahead.ToString()) with
                {
                    RequestId = RequestIds.OfLeader(0, 1, sequence + ahead),
                }
            );
        var fact = Traders.Fund(3) with { RequestId = RequestIds.OfLeader(0, 1, sequence + 30) };
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.MalformedRequest), Said(await ReportAsync(fact)));

        var expiry = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + TestCluster.ExpiryMarginSeconds + 2;
        var order = _traders.Place(1, market: 1, outcome: 0, isBuy: true, price: 4_000, lots: 10, timeInForce: 1, expiry: expiry);
        Assert.Equal(ResultStatus.Accepted, (await SendAsync(order)).Status);
        await Eventually.TrueAsync(
            "the order has expired",
            TimeSpan.FromSeconds(20),
            async () => await _cluster.ScalarAsync<long>("SELECT count(*) FROM commands WHERE kind = 12") > 0
        );
        Assert.Equal(1, await _cluster.ScalarAsync<long>("SELECT max(epoch) FROM commands"));
    }

    [Fact]
    public async Task TheIdOfAnIdempotencyKey_CannotBeTakenByAnother()
    {
        var keyed = Place(1, isBuy: true, key: "k1");
        var id = RequestIds.OfKey(keyed.Maker, "k1");
        await AssertRefusedAsync(Traders.SignedCancel(2, 1, "1") with { RequestId = id });
        await AssertRefusedAsync(Place(2, isBuy: false, key: "k1") with { RequestId = id });
        await AssertRefusedAsync(Place(2, isBuy: false) with { RequestId = id });
        var placed = await SendAsync(keyed with { RequestId = id });
        Assert.Equal((ResultStatus.Accepted, "open"), (placed.Status, placed.OrderStatus));
    }

    [Fact]
    public async Task AnOrderUnderItsKey_IsTheSame_FromAnApiNodeOfEitherVersion()
    {
        foreach (var (first, second, key) in new[] { (true, false, "k1"), (false, true, "k2") })
        {
            var order = Place(1, isBuy: true, key: key);
            var placed = await SendAsync(order with { RequestId = IdOf(order, tagged: first) });
            var again = await SendAsync(order with { RequestId = IdOf(order, tagged: second) });
            Assert.Equal(ResultStatus.Accepted, placed.Status);
            Assert.Equal((placed.Status, placed.Sequence, placed.OrderHash), (again.Status, again.Sequence, again.OrderHash));
            var other = Place(1, isBuy: true, key: key);
            Assert.Equal(ProblemCodes.IdempotencyKeyReused, (await SendAsync(other with { RequestId = IdOf(other, second) })).Code);
        }

        static Guid IdOf(PlaceOrder order, bool tagged) =>
            tagged ? RequestIds.OfKey(order.Maker, order.IdempotencyKey!) : RequestIds.UntaggedOfKey(order.Maker, order.IdempotencyKey!);
    }

    /// <summary>An older journal may have such a row, since ids were not checked.</summary>
    [Fact]
    public async Task TheStoredResultOfAnotherKindOfCommand_IsNoAnswer()
    {
        var keyed = Place(1, isBuy: true, key: "k1");
        var id = RequestIds.OfKey(keyed.Maker, "k1");
        // Under the settlement term almost any id is taken, as older nodes send them.
        Assert.Equal(ResultStatus.Accepted, (await ReportAsync(Traders.Fund(3) with { RequestId = id })).Status);
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.IdempotencyKeyReused), Said(await SendAsync(keyed with { RequestId = id })));
        var state = new SetMarketState(1, State: 1) { RequestId = id, Deadline = Traders.Deadline };
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.IdempotencyKeyReused), Said(await ReportAsync(state)));
        Assert.Equal(ResultStatus.Accepted, (await ReportAsync(Traders.Fund(3) with { RequestId = id })).Status);
    }

    private PlaceOrder Place(int trader, bool isBuy, int timeInForce = 0, string? key = null) =>
        _traders.Place(trader, market: 1, outcome: 0, isBuy, price: 4_000, lots: 10, timeInForce, key: key);

    private async Task AssertRefusedAsync(LeaderCommand command)
    {
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.MalformedRequest), Said(await SendAsync(command)));
        Assert.Equal(
            0,
            await _cluster.ScalarAsync<long>($"SELECT count(*) FROM commands WHERE request_id = '{command.RequestId}' AND kind IN (3, 5)")
        );
    }

    private static (ResultStatus Status, string? Code) Said(CommandResult result) => (result.Status, result.Code);

    private Task<CommandResult> SendAsync(LeaderCommand command) => SendAsync(_api, command, claim: null);

    private Task<CommandResult> ReportAsync(LeaderCommand fact) => SendAsync(_follower, fact, _term);

    private async Task<CommandResult> SendAsync(GatewayClient client, LeaderCommand command, TermClaim? claim) =>
        (await client.SendAsync(_node.Presence.Address, [command], claim, CancellationToken.None)).Results.Single();

    private GatewayClient ClientOf(string nodeId, string kind) =>
        new(new NodeProof(new ClusterKeys(_cluster.Settings["CLUSTER_SECRET"]!), nodeId, kind), TimeProvider.System);
}
