using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.Gateway;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Matching.Tests.Gateway;

/// <summary>
/// An Api node that was broken into has the cluster's secret and proves itself, so only its rights limit what the leader believes of it.
/// </summary>
[Collection(StoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class GatewayRightsTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 31);
    private readonly GivenCores _cores = new(idle: 1);
    private readonly ClockAhead _clock = new();
    private TestCluster _cluster = null!;
    private TestNode _node = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _node = await TestNode.StartAsync("n1", _cluster.Settings, _clock, _cores);
        await _node.ActiveAsync();
        await _node.Router.AcceptAsync(Traders.Fund(1), Traders.Fund(2));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    /// <summary>One of each kind, so that no kind of fact is believed without its right.</summary>
    private static LeaderCommand[] Facts =>
        [
            Traders.Fund(9, micros: 1_000_000_000),
            new AllotCollateral(Traders.Address(9), 5, 1) { RequestId = Guid.NewGuid(), Deadline = Traders.Deadline },
            Traders.Settle(1, 1),
            Traders.Bust(1, 1),
            Traders.Reduce(1, 1, "0x" + new string('a', 64), 1),
            Traders.CancelByHash(1, 1, "0x" + new string('a', 64)),
            new SetMarketState(1, State: 3, WinningOutcome: 0) { RequestId = Guid.NewGuid(), Deadline = Traders.Deadline },
            new CancelAllOfMarket(1) { RequestId = Guid.NewGuid(), Deadline = Traders.Deadline },
        ];

    [Fact]
    public async Task AnApiNodeThatReportsAFactOfTheChain_IsPutOut_EvenWithTheTokenOfTheTerm()
    {
        var claim = new TermClaim(LeasedResources.Settlement, 1, await TokenAsync());
        var before = await CommandsAsync();
        foreach (var fact in Facts)
        {
            using var api = ClientOf($"api-{fact.Kind}", NodeKinds.Api);
            await Assert.ThrowsAnyAsync<Exception>(() => api.SendAsync(Address, [fact], claim, CancellationToken.None));
            await AssertOutAsync(api, $"api-{fact.Kind}", PutOutReasons.WrongCommand);
        }

        Assert.Equal(before, await CommandsAsync());
    }

    [Fact]
    public async Task AFactOfTheChain_IsBelievedOnlyUnderTheSettlementTerm()
    {
        var token = await TokenAsync();
        using var other = ClientOf("n2", NodeKinds.Matching);
        var before = await CommandsAsync();
        TermClaim?[] others =
        [
            null,
            new(LeasedResources.Settlement, 1, Guid.NewGuid()),
            new(LeasedResources.Settlement, 2, token),
            new(LeasedResources.Matching, 1, token),
            new(LeasedResources.Reconciliation, 1, token),
            new("", 1, token),
        ];
        foreach (var fact in Facts)
        foreach (var claim in others)
            Assert.Equal((ResultStatus.Rejected, ProblemCodes.Unauthorized, 0L), await ResultAsync(other, fact, claim));
        Assert.Equal(before, await CommandsAsync());

        foreach (var fact in Facts)
        {
            var (_, code, _) = await ResultAsync(other, fact, new TermClaim(LeasedResources.Settlement, 1, token));
            Assert.NotEqual(ProblemCodes.Unauthorized, code);
        }

        Assert.True(before < await CommandsAsync(), "those that have an effect are in the journal");
    }

    [Fact]
    public async Task ATermThatHasEnded_EntitlesToNothing_SoonAfterwards()
    {
        var old = new TermClaim(LeasedResources.Settlement, 1, await TokenAsync());
        using var other = ClientOf("n2", NodeKinds.Matching);
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(other, Traders.Fund(3), old)).Status);
        await _cluster.ExecuteAsync("UPDATE leadership SET epoch = 2, token = gen_random_uuid() WHERE resource = 'settlement'");
        await Eventually.TrueAsync(
            "the old term is not believed any more",
            TimeSpan.FromSeconds(10),
            async () => (await ResultAsync(other, Traders.Fund(3), old)).Code == ProblemCodes.Unauthorized
        );
    }

    [Fact]
    public async Task ReconciliationsTerm_EntitlesToItsRepairsOnly()
    {
        await _cluster.ExecuteAsync(
            """
            INSERT INTO leadership (resource, epoch, token, node_id, address, session_name, acquired_at)
            VALUES ('reconciliation', 4, '11111111-1111-1111-1111-111111111111', 'n2', '', 'n2', now())
            """
        );
        var claim = new TermClaim(LeasedResources.Reconciliation, 4, Guid.Parse("11111111-1111-1111-1111-111111111111"));
        using var other = ClientOf("n2", NodeKinds.Matching);
        Assert.Equal(ProblemCodes.Unauthorized, (await ResultAsync(other, Traders.Fund(9), claim)).Code);
        Assert.NotEqual(ProblemCodes.Unauthorized, (await ResultAsync(other, Traders.Settle(77, 1), claim)).Code);
    }

    [Fact]
    public async Task AnOrderThatItsMakerHasNotSigned_PutsItsSenderOut_AndWhatCameWithItIsNotDone()
    {
        using var api = ClientOf("api-1", NodeKinds.Api);
        var good = Order();
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(api, good)).Status);
        var before = await CommandsAsync();
        var forged = Order() with { Signature = "0x" + new string('0', 130) };
        await Assert.ThrowsAnyAsync<Exception>(() => api.SendAsync(Address, [Order(), forged], null, CancellationToken.None));
        await AssertOutAsync(api, "api-1", PutOutReasons.BadSignature);
        Assert.Equal(before, await CommandsAsync());
        Assert.Contains(_node.Said, line => line.Contains("api-1 (api) at 127.0.0.1 is put out", StringComparison.Ordinal));

        // One node's offence must not affect the others.
        using var sound = ClientOf("api-2", NodeKinds.Api);
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(sound, Order())).Status);
        var status = await sound.StatusAsync(Address, 0, CancellationToken.None);
        var entry = Assert.Single(status!.PutOut);
        Assert.Equal(("api-1", "127.0.0.1", PutOutReasons.BadSignature), (entry.NodeId, entry.Host, entry.Reason));
        Assert.True(status.SignaturesChecked > 0);
    }

    [Fact]
    public async Task ANodeThatWasPutOut_IsAnsweredAgain_WhenItsTimeIsOver()
    {
        using var api = ClientOf("api-1", NodeKinds.Api);
        var forged = Order() with { Signature = "0x" + new string('0', 130) };
        await Assert.ThrowsAnyAsync<Exception>(() => api.SendAsync(Address, [forged], null, CancellationToken.None));
        _clock.Ahead = PutOutNodes.Duration - TimeSpan.FromSeconds(30);
        await AssertOutAsync(api, "api-1", PutOutReasons.BadSignature);

        _clock.Ahead = PutOutNodes.Duration;
        var order = Order() with { Deadline = _clock.GetUtcNow().AddSeconds(60) };
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(api, order)).Status);
    }

    [Fact]
    public async Task AnIntruderThatTakesTheNameOfAnotherNode_PutsOutThatNameAtItsOwnHostOnly()
    {
        var claim = new TermClaim(LeasedResources.Settlement, 1, await TokenAsync());
        using var connected = ClientOf("settler", NodeKinds.Matching);
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(connected, Traders.Fund(3), claim)).Status);

        using var intruder = ProvenHttp.Of(
            _cluster.Settings["CLUSTER_SECRET"]!,
            nodeId: "settler",
            kind: NodeKinds.Matching,
            from: IPAddress.Parse("127.0.0.2")
        );
        var forged = new CommandBatch([Order() with { Signature = "0x" + new string('0', 130) }], DateTimeOffset.UtcNow);
        // Put out while it sends, and refused when it connects again.
        await Assert.ThrowsAsync<HttpRequestException>(SendForgedAsync);
        await Assert.ThrowsAsync<HttpRequestException>(SendForgedAsync);

        // Neither the connection of the node whose name it was nor a later one is affected.
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(connected, Traders.Fund(3), claim)).Status);
        using var later = ClientOf("settler", NodeKinds.Matching);
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(later, Traders.Fund(3), claim)).Status);
        var entry = Assert.Single((await later.StatusAsync(Address, 0, CancellationToken.None))!.PutOut);
        Assert.Equal(("settler", "127.0.0.2"), (entry.NodeId, entry.Host));

        async Task SendForgedAsync()
        {
            using var response = await intruder.PostAsJsonAsync(new Uri($"{Address}/gateway/commands"), forged, JsonSerializerOptions.Web);
            response.EnsureSuccessStatusCode();
        }
    }

    private static readonly IReadOnlyList<(string What, Func<PlaceOrder, PlaceOrder> Forge)> Forgeries =
    [
        ("of another key", order => order with { Signature = Traders.Sign(2, order).Signature }),
        ("of another maker", order => order with { Maker = Traders.Address(2) }),
        ("with another price", order => order with { PriceTicks = order.PriceTicks + 1 }),
        ("with another size", order => order with { Lots = order.Lots * 10 }),
        ("of the other side", order => order with { IsBuy = !order.IsBuy }),
        ("of another outcome", order => order with { Outcome = 1 }),
        ("of another market", order => order with { MarketId = 2, PriceTicks = 5_000 }),
        ("with another salt", order => order with { Salt = "7" }),
        ("that lives longer", order => order with { ExpirySeconds = 4_000_000_000 }),
        ("under another hash", order => order with { Hash = "0x" + new string('b', 64) }),
        ("with a shortened signature", order => order with { Signature = order.Signature[..^2] }),
    ];

    [Fact]
    public async Task AnOrder_IsItsMakersAsItWasSigned()
    {
        var before = await CommandsAsync();
        foreach (var (what, forge) in Forgeries)
        {
            using var api = ClientOf(what.Replace(' ', '-'), NodeKinds.Api);
            await Assert.ThrowsAnyAsync<Exception>(() => api.SendAsync(Address, [forge(Order())], null, CancellationToken.None));
            await AssertOutAsync(api, what.Replace(' ', '-'), PutOutReasons.BadSignature);
            Assert.True(before == await CommandsAsync(), $"an order {what} was sequenced");
        }
    }

    [Fact]
    public async Task ACancel_NeedsItsMakersSignature()
    {
        var order = Order();
        using var sound = ClientOf("api-2", NodeKinds.Api);
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(sound, order)).Status);
        Assert.Equal(ProblemCodes.Unauthorized, (await ResultAsync(sound, Traders.CancelBySalt(1, 1, order.Salt))).Code);

        using var api = ClientOf("api-1", NodeKinds.Api);
        var byAnother = Traders.CancelBySalt(1, 1, order.Salt) with { Signature = Traders.SignedCancel(2, 1, order.Salt).Signature };
        await Assert.ThrowsAnyAsync<Exception>(() => api.SendAsync(Address, [byAnother], null, CancellationToken.None));
        await AssertOutAsync(api, "api-1", PutOutReasons.BadSignature);

        var before = await CommandsAsync();
        foreach (var unreadable in new[] { "", "x", "0x", "0xzz", "0x00", new string('0', 130), "0x" + new string('0', 131) })
        {
            var cancel = Traders.CancelBySalt(1, 1, order.Salt) with { Signature = unreadable };
            var answer = await AnswerOrCutOffAsync($"api-with-{unreadable.Length}", cancel);
            Assert.NotEqual(ResultStatus.Accepted, answer?.Status);
        }

        Assert.Equal(before, await CommandsAsync());
        var cancelled = await ResultAsync(sound, Traders.SignedCancel(1, 1, order.Salt));
        Assert.Equal((ResultStatus.Accepted, order.Hash), (cancelled.Status, Assert.Single(cancelled.Cancelled!)));
    }

    [Fact]
    public async Task UnderLoad_AForgerIsFoundOut_BeforeItHasSent300Orders()
    {
        _cores.Idle = 0;
        using var api = ClientOf("api-1", NodeKinds.Api);
        // Of sixteen in a row one is checked, and the first few batches teach the node that it is loaded.
        var sent = 0;
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            for (; sent < 300; sent += 5)
                await api.SendAsync(
                    Address,
                    [.. Enumerable.Range(0, 5).Select(_ => Order() with { Signature = "0x" + new string('0', 130) })],
                    null,
                    CancellationToken.None
                );
        });
        await AssertOutAsync(api, "api-1", PutOutReasons.BadSignature);
    }

    /// <summary>Else a sender could learn from orders of no market which signatures are checked.</summary>
    [Fact]
    public async Task UnderLoad_TheAnswerToAnUnknownMarket_DoesNotShowWhichSignaturesAreChecked()
    {
        _cores.Idle = 0;
        using var api = ClientOf("api-1", NodeKinds.Api);
        var answers = new List<CommandResult>();
        for (var i = 0; i < 20; i++)
        {
            var orders = Enumerable.Range(0, 20).Select(_ => Order() with { MarketId = 77 }).ToList();
            answers.AddRange((await api.SendAsync(Address, orders, null, CancellationToken.None)).Results);
        }

        Assert.All(answers, answer => Assert.Equal((ResultStatus.Late, ProblemCodes.Unavailable), (answer.Status, answer.Code)));
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(api, Order())).Status);
    }

    [Fact]
    public async Task AForgeryThatIsSaidToBeAContracts_IsRefused_AndPutsNobodyOut()
    {
        using var api = ClientOf("api-1", NodeKinds.Api);
        var forged = Order() with { Signature = "0x" + new string('0', 130), SignedByContract = true };
        // Without a chain the node cannot know, so it does not condemn the signature either.
        Assert.Equal((ResultStatus.Late, ProblemCodes.Unavailable, 0L), await ResultAsync(api, forged, claim: null));
        // Its hash is not that of its content, whatever a contract accepts.
        Assert.Equal(
            (ResultStatus.Rejected, ProblemCodes.InvalidSignature, 0L),
            await ResultAsync(api, forged with { Hash = "0x" + new string('1', 64) }, claim: null)
        );
        Assert.Equal(ResultStatus.Accepted, (await ResultAsync(api, Order())).Status);
    }

    private string Address => _node.Presence.Address;

    private PlaceOrder Order() => _traders.Place(1, market: 1, outcome: 0, isBuy: true, price: 4_000, lots: 10);

    private GatewayClient ClientOf(string nodeId, string kind) =>
        new(new NodeProof(new ClusterKeys(_cluster.Settings["CLUSTER_SECRET"]!), nodeId, kind), TimeProvider.System);

    private async Task<CommandResult> ResultOfAsync(GatewayClient client, LeaderCommand command, TermClaim? claim) =>
        (await client.SendAsync(Address, [command with { RequestId = Guid.NewGuid() }], claim, CancellationToken.None)).Results.Single();

    private Task<CommandResult> ResultAsync(GatewayClient client, LeaderCommand command) => ResultOfAsync(client, command, claim: null);

    private async Task<(ResultStatus Status, string? Code, long Sequence)> ResultAsync(
        GatewayClient client,
        LeaderCommand command,
        TermClaim? claim
    )
    {
        var result = await ResultOfAsync(client, command, claim);
        return (result.Status, result.Code, result.Sequence);
    }

    /// <returns>Null if the node was put out.</returns>
    private async Task<CommandResult?> AnswerOrCutOffAsync(string nodeId, LeaderCommand command)
    {
        using var client = ClientOf(nodeId, NodeKinds.Api);
        try
        {
            return await ResultAsync(client, command);
        }
        catch (Exception error) when (GatewayClient.IsConnectionFault(error))
        {
            return null;
        }
    }

    private async Task AssertOutAsync(GatewayClient client, string nodeId, string reason)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => client.SendAsync(Address, [Order()], null, CancellationToken.None));
        Assert.True(GatewayClient.IsConnectionFault(error), error.ToString());
        using var sound = ClientOf("n3", NodeKinds.Matching);
        var status = await sound.StatusAsync(Address, 0, CancellationToken.None);
        Assert.Contains((nodeId, reason), status!.PutOut.Select(node => (node.NodeId, node.Reason)));
    }

    private sealed class ClockAhead : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }

    private Task<Guid> TokenAsync() => _cluster.ScalarAsync<Guid>("SELECT token FROM leadership WHERE resource = 'settlement'");

    private Task<long> CommandsAsync() => _cluster.ScalarAsync<long>("SELECT count(*) FROM commands");
}
