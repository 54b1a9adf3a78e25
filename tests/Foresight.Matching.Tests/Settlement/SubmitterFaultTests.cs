using System.Numerics;
using System.Text.Json;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Transactions;
using Foresight.Matching.Settlement;
using Npgsql;

namespace Foresight.Matching.Tests.Settlement;

[Collection(ChainCollection.Name)]
public sealed class SubmitterFaultTests(ChainFixture fixture)
{
    private static readonly BigInteger Gwei = SettlementOptions.Gwei;

    [Fact]
    public async Task WhenTheBaseFeeRises_TheTransactionIsReplaced_UntilItIsMined_AndOnlyOneIs()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        var offered = await MaxFeeAsync(venue);

        await MineAtBaseFeeAsync(offered * 10, blocks: 5);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        Assert.Equal(["replaced", "broadcast"], await StatesAsync(venue));
        Assert.InRange(await MaxFeeAsync(venue), offered * 10, venue.Options.MaxFee);

        await fixture.MineAsync(3);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(["replaced", "final"], await StatesAsync(venue));
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task ATransactionThatAnOperatorBumps_IsReplacedAtOnce_AndOnce()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        var offered = await MaxFeeAsync(venue);
        await venue.StepAsync(submitter);
        Assert.Equal(["broadcast"], await StatesAsync(venue));

        await venue.ExecuteAsync(
            """
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations, bumped_batch)
            SELECT 'n', 1, 1, 1, 1, batch_id FROM settlement_batches
            """
        );
        for (var step = 0; step < 3; step++)
            await venue.StepAsync(submitter);
        Assert.Equal(["replaced", "broadcast"], await StatesAsync(venue));
        Assert.True(await MaxFeeAsync(venue) > offered);

        await fixture.MineAsync(venue.Options.Confirmations + 1);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
    }

    [Fact]
    public async Task TheCapOnFees_IsNeverPassed_AndIsSaid_AndTheTransactionGoesThroughWhenFeesFall()
    {
        await using var venue = await Venue.CreateAsync(fixture, new SettlementOptions { BatchAge = TimeSpan.Zero, MaxFee = 20 * Gwei });
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        for (var round = 0; round < 20; round++)
        {
            await MineAtBaseFeeAsync(100 * Gwei, blocks: 5);
            await venue.StepAsync(submitter);
        }

        Assert.False(await submitter.StepAsync(await venue.Client.BlockNumberAsync(), CancellationToken.None));
        Assert.Contains("has reached SETTLEMENT_MAX_FEE_GWEI", submitter.Trouble);
        Assert.True(await MaxFeeAsync(venue) <= 20 * Gwei);
        Assert.Equal("broadcast", (await venue.StateOfAsync(trade)).State);

        await MineAtBaseFeeAsync(Gwei, blocks: 1);
        await venue.StepAsync(submitter);
        await fixture.MineAsync(3);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Null(submitter.Trouble);
    }

    [Fact]
    public async Task AForeignTransactionThatLeavesThePool_LeavesAGap_WhichIsFilled_AndSaid()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await fixture.AutomineAsync(false);
        var foreign = await SendFromOperatorAsync(venue);
        var trade = await venue.TradeAsync(alice, bob);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await fixture.RequestAsync("anvil_dropTransaction", foreign.ToString());

        var said = new List<string>();
        for (var block = 0; block < venue.Options.StuckAfterBlocks + 5; block++)
        {
            await fixture.MineAsync();
            await venue.StepAsync(submitter);
            if (submitter.Trouble is { } trouble)
                said.Add(trouble);
        }

        await venue.FollowAsync();
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Contains(said, trouble => trouble.Contains("is missing below", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ANodeThatLagsInNonces_NeverMakesOneServeTwice()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await venue.TradeAsync(alice, bob);
        await venue.SettleAllAsync();
        var lagging = new NonceLagTransport(fixture.Transport) { Behind = 3 };
        var submitter = venue.NewSubmitter(lagging);
        var trades = new List<long>();
        for (var i = 0; i < 4; i++)
        {
            trades.Add(await venue.TradeAsync(alice, bob));
            await venue.StepAsync(submitter);
        }

        await fixture.MineAsync(3);
        await venue.StepAsync(submitter);
        lagging.Behind = 0;
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        foreach (var trade in trades)
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(5L, await venue.ScalarAsync<long>("SELECT count(DISTINCT nonce) FROM settlement_batches"));
    }

    [Fact]
    public async Task AHolderThatWasPausedBeforeItSent_SendsWhatTheNextOneSent_AndRecordsNothing()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var gate = new GateTransport(fixture.Transport, "eth_sendRawTransaction");
        var zombie = venue.StepAsync(venue.NewSubmitter(gate));
        await gate.Reached;

        await venue.TakeTermAsync();
        var next = venue.NewSubmitter();
        await venue.StepAsync(next);
        gate.Open();
        Assert.Equal("FS001", (await Assert.ThrowsAsync<PostgresException>(() => zombie)).SqlState);

        await fixture.MineAsync(3);
        await venue.StepAsync(next);
        await venue.StepAsync(next);
        await venue.FollowAsync();
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(["final"], await StatesAsync(venue));
    }

    private async Task MineAtBaseFeeAsync(BigInteger fee, int blocks)
    {
        for (var i = 0; i < blocks; i++)
        {
            await fixture.RequestAsync("anvil_setNextBlockBaseFeePerGas", Hex.EncodeQuantity(fee));
            await fixture.MineAsync();
        }
    }

    private static async Task<Hash32> SendFromOperatorAsync(Venue venue)
    {
        var nonce = await venue.Client.GetTransactionCountAsync(venue.Operator.Key.Address, BlockRef.Pending);
        return await venue.Client.SendTransactionAsync(
            new Eip1559Transaction
            {
                ChainId = venue.Deployment.ChainId,
                Nonce = nonce,
                To = venue.Deployment.Usdc,
                GasLimit = 200_000,
                MaxFeePerGas = 100 * Gwei,
                MaxPriorityFeePerGas = Gwei,
                Data = UsdcContract.Mint(venue.Operator.Key.Address, 1),
            }.Sign(venue.Operator.Key)
        );
    }

    private static async Task<BigInteger> MaxFeeAsync(Venue venue) =>
        BigInteger.Parse(
            await venue.ScalarAsync<string>("SELECT max_fee_wei::text FROM settlement_batches ORDER BY batch_id DESC LIMIT 1")
        );

    private static async Task<string[]> StatesAsync(Venue venue) =>
        await venue.ScalarAsync<string[]>("SELECT array_agg(state ORDER BY batch_id) FROM settlement_batches");
}

internal sealed class NonceLagTransport(NodeClient inner) : NodeClient
{
    public int Behind { get; set; }

    public override async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
    {
        var replies = await inner.SendAsync(requests, cancellationToken);
        return
        [
            .. replies.Select(r =>
                r.Method != "eth_getTransactionCount"
                    ? r
                    : r with
                    {
                        Result = JsonSerializer.SerializeToElement(
                            Hex.EncodeQuantity(BigInteger.Max(0, Hex.DecodeQuantity(r.Result.GetString()!) - Behind))
                        ),
                    }
            ),
        ];
    }
}

internal sealed class GateTransport(NodeClient inner, string method) : NodeClient
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task;

    public void Open() => _open.SetResult();

    public override async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
    {
        if (requests.Any(r => r.Method == method))
        {
            _reached.TrySetResult();
            await _open.Task.WaitAsync(cancellationToken);
        }

        return await inner.SendAsync(requests, cancellationToken);
    }
}
