using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.ChainReading;

[Collection(ChainCollection.Name)]
public sealed class EndpointTests(ChainFixture fixture)
{
    [Fact]
    public async Task AnEndpointThatLeavesOutLogs_MovesNoCursor_AndIsLeftForTheNextOne()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await fixture.MineAsync(3);
        await venue.FollowAsync();
        var trade = await venue.TradeAsync(alice, bob);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await fixture.MineAsync(3);
        await venue.StepAsync(submitter);
        var before = await CursorAsync(venue);

        var several = new FailoverClient(
            venue.Deployment.ChainId,
            [("lies", new ForgetfulTransport(fixture.Transport)), ("honest", fixture.Transport)]
        );
        var follower = venue.NewFollower(several);
        await Assert.ThrowsAsync<InconsistentChainException>(() => venue.FollowAsync(follower));
        Assert.Equal(before, await CursorAsync(venue));
        Assert.False(several.States[0].IsWell);

        await venue.FollowAsync(follower);
        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
        Assert.Equal([trade], venue.Leader.Settled);
    }

    [Fact]
    public async Task WithOneEndpointThatOftenFails_AndOneFarBehind_EverythingSettlesOnce()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await fixture.MineAsync(25);
        var seed = Environment.TickCount;
        var several = new FailoverClient(
            venue.Deployment.ChainId,
            [
                ("behind", new LaggingTransport(fixture.Transport, fixture.Client, blocks: 20)),
                ("flaky", new FaultyTransport(fixture.Transport, OftenOf(new Random(seed)))),
                ("well", fixture.Transport),
            ]
        );
        await several.CheckAsync(CancellationToken.None);
        Assert.Equal(20, several.States[0].Behind);

        var (submitter, follower) = (venue.NewSubmitter(several), venue.NewFollower(several));
        var trades = new List<long>();
        for (var round = 0; round < 4; round++)
        {
            trades.Add(await venue.TradeAsync(alice, bob));
            await venue.StepAsync(submitter);
            await fixture.MineAsync();
            await several.CheckAsync(CancellationToken.None);
            await venue.FollowAsync(follower);
        }

        await fixture.MineAsync(3);
        await venue.StepAsync(submitter);
        await venue.FollowAsync(follower);
        foreach (var trade in trades)
        {
            Assert.True(
                ("final", 1) == ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)),
                $"trade {trade}, seed {seed}"
            );
        }
    }

    [Fact]
    public async Task WhenNoneAnswers_NothingMoves_AndItGoesOnFromThereLater()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        var before = await venue.ScalarAsync<long>("SELECT count(*) FROM chain_cursors");
        var gone = new FaultyTransport(fixture.Transport, _ => true);
        var several = new FailoverClient(venue.Deployment.ChainId, [("one", gone), ("two", gone)]);
        await Assert.ThrowsAsync<RpcUnavailableException>(() => venue.StepAsync(venue.NewSubmitter(several)));
        await Assert.ThrowsAsync<RpcUnavailableException>(() => venue.FollowAsync(venue.NewFollower(several)));
        Assert.Equal(
            ("matched", before),
            ((await venue.StateOfAsync(trade)).State, await venue.ScalarAsync<long>("SELECT count(*) FROM chain_cursors"))
        );

        await venue.SettleAllAsync();
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
    }

    [Fact]
    public async Task ANodeThatFallsBehind_UndoesNothing_AndMovesNoCursor()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var final = await venue.TradeAsync(alice, bob);
        await venue.SettleAllAsync();
        var mined = await venue.TradeAsync(alice, bob);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await fixture.MineAsync();
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        var before = await CursorAsync(venue);

        var behind = new LaggingTransport(fixture.Transport, fixture.Client, blocks: 4);
        await Assert.ThrowsAsync<InconsistentChainException>(() => venue.NewFollower(behind).StepAsync(before - 1, CancellationToken.None));
        await venue.NewSubmitter(behind).StepAsync(before - 1, CancellationToken.None);
        Assert.Equal(("final", "mined"), ((await venue.StateOfAsync(final)).State, (await venue.StateOfAsync(mined)).State));
        Assert.Equal(before, await CursorAsync(venue));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ANodeThatDoesNotSeeADepositYet_FailsNoTradeOfIt(bool toldByAnother)
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (eve, bob) = (await venue.AddTraderAsync(usdc: 0, shares: 0), await venue.AddTraderAsync());
        await fixture.MineAsync(3);
        await venue.SendAsync(venue.Operator.Key, venue.Deployment.Usdc, UsdcContract.Mint(eve.Address, 100_000_000));
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        var trade = await venue.TradeAsync(eve, bob);

        var (head, behind) = (await venue.Client.BlockNumberAsync(), new LaggingTransport(fixture.Transport, fixture.Client, blocks: 3));
        if (toldByAnother)
            await Assert.ThrowsAsync<RpcUnavailableException>(() => venue.NewSubmitter(behind).StepAsync(head, CancellationToken.None));
        else
            Assert.False(await venue.NewSubmitter(behind).StepAsync(head - 3, CancellationToken.None));
        Assert.Equal(("matched", null), await venue.StateOfAsync(trade));

        await venue.SettleAllAsync();
        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
    }

    private static Func<string, bool> OftenOf(Random random) => _ => random.Next(10) < 3;

    private static Task<long> CursorAsync(Venue venue) =>
        venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = $1", ChainCursors.Follower);
}

internal sealed class LaggingTransport(NodeClient inner, EthereumClient chain, int blocks) : NodeClient
{
    public override async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
    {
        var head = await chain.BlockNumberAsync(cancellationToken) - blocks;
        var past = await Task.WhenAll(requests.Select(r => InThePastAsync(r, head, cancellationToken)));
        var replies = await inner.SendAsync([.. past.Select((r, i) => r ?? requests[i])], cancellationToken);
        return
        [
            .. replies.Select(
                (reply, i) =>
                    past[i] is null && requests[i].Method == "eth_call"
                        ? throw new RpcUnavailableException("eth_call", "header not found")
                        : reply.Method switch
                        {
                            "eth_blockNumber" => reply with { Result = JsonSerializer.SerializeToElement(Hex.EncodeQuantity(head)) },
                            "eth_getBlockByNumber" when IsBeyond(requests[i], head) => reply with
                            {
                                Result = JsonSerializer.SerializeToElement<object?>(null),
                            },
                            _ => reply,
                        }
            ),
        ];
    }

    /// <summary>A node that is behind answers from the newest block that it has; null if it lacks the block that the call names.</summary>
    private async Task<RpcRequest?> InThePastAsync(RpcRequest request, long head, CancellationToken cancellationToken)
    {
        if (request.Method != "eth_call")
            return request;
        var newest = new RpcRequest(request.Method, request.Parameters[0]!.DeepClone(), Hex.EncodeQuantity(head));
        if (request.Parameters[1] is JsonObject named)
            return
                (await chain.GetBlockAsync(BlockRef.Hash(Hash32.Parse(named["blockHash"]!.GetValue<string>())), cancellationToken))!.Number
                > head
                ? null
                : request;
        return request.Parameters[1]!.GetValue<string>() is "latest" or "pending" ? newest : request;
    }

    private static bool IsBeyond(RpcRequest request, long head) =>
        request.Parameters[0]!.GetValue<string>() is { } block
        && block.StartsWith("0x", StringComparison.Ordinal)
        && Hex.DecodeQuantity(block) > head;
}
