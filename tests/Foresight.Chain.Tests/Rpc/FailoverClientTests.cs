using System.Text.Json;
using Foresight.Chain.Rpc;
using Nethereum.Hex.HexTypes;
using Nethereum.JsonRpc.Client;
using Nethereum.RPC.Eth;
using Nethereum.RPC.Eth.Blocks;
using Nethereum.Web3;
using Xunit;
using RpcRequest = Foresight.Chain.Rpc.RpcRequest;

namespace Foresight.Chain.Tests.Rpc;

public sealed class FailoverClientTests
{
    [Fact]
    public async Task FirstEndpointAnswers_UntilItDoesNot()
    {
        var (one, two) = (new FakeEndpoint(100), new FakeEndpoint(100));
        var client = Over(out var transport, one, two);
        await client.BlockNumberAsync();
        Assert.Equal((1, 0), (one.Asked, two.Asked));

        one.IsDown = true;
        Assert.Equal(100, await client.BlockNumberAsync());
        Assert.Equal((2, 1), (one.Asked, two.Asked));
        Assert.Equal(1, transport.Health[0].Failures);
    }

    [Fact]
    public async Task EndpointThatFailedOftenEnough_IsAskedLast_AndFirstAgainWhenACheckFindsItWell()
    {
        var (one, two) = (new FakeEndpoint(100) { IsDown = true }, new FakeEndpoint(100));
        var client = Over(out var transport, one, two);
        for (var i = 0; i < EndpointRules.FailureLimit + 5; i++)
            await client.BlockNumberAsync();
        Assert.Equal(EndpointRules.FailureLimit, one.Asked);

        one.IsDown = false;
        await transport.CheckAsync(default);
        var asked = one.Asked;
        await client.BlockNumberAsync();
        Assert.Equal(asked + 1, one.Asked);
    }

    [Fact]
    public async Task EndpointThatLags_IsAskedLast()
    {
        var (one, two) = (new FakeEndpoint(80), new FakeEndpoint(100));
        var client = Over(out var transport, one, two);
        await transport.CheckAsync(default);
        Assert.Equal(100, await client.BlockNumberAsync());

        one.Head = 100 - EndpointRules.LagLimit;
        await transport.CheckAsync(default);
        Assert.Equal(one.Head, await client.BlockNumberAsync());
    }

    [Fact]
    public async Task EndpointOfAnotherChain_IsNeverAsked()
    {
        var one = new FakeEndpoint(100) { ChainId = 1 };
        var client = Over(out var transport, one);
        await transport.CheckAsync(default);
        await Assert.ThrowsAsync<RpcUnavailableException>(() => client.BlockNumberAsync());
        Assert.True(transport.Health[0].IsOnOtherChain);
    }

    [Fact]
    public async Task AllDown_IsAFailedRead_AfterAllWereAsked()
    {
        FakeEndpoint[] all = [new(1) { IsDown = true }, new(1) { IsDown = true }, new(1) { IsDown = true }];
        var client = Over(out _, all);
        for (var i = 0; i < EndpointRules.FailureLimit + 2; i++)
            await Assert.ThrowsAsync<RpcUnavailableException>(() => client.BlockNumberAsync());
        Assert.All(all, e => Assert.Equal(EndpointRules.FailureLimit + 2, e.Asked));
    }

    [Fact]
    public async Task Refusal_IsAnAnswer_AndNobodyElseIsAsked()
    {
        var (one, two) = (new FakeEndpoint(100), new FakeEndpoint(100));
        var client = Over(out var transport, one, two);
        var error = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync(new CallRequest(Address.Zero, [])));
        Assert.True(error.IsRevert);
        Assert.Equal((1, 0), (one.Asked, two.Asked));
        Assert.Equal(0, transport.Health[0].Failures);
    }

    [Fact]
    public async Task EndpointThatDoesNotAnswerInTime_IsAskedLastAtOnce()
    {
        var (one, two) = (new FakeEndpoint(100) { IsDown = true, IsSilent = true }, new FakeEndpoint(100));
        var client = Over(out var transport, one, two);
        await client.BlockNumberAsync();
        await client.BlockNumberAsync();
        Assert.Equal((1, 2), (one.Asked, two.Asked));
        Assert.Equal([false, true], transport.States.Select(s => s.IsWell));
    }

    [Fact]
    public async Task EndpointThatSaysItCannotServe_IsPassedOver_AndItsWordStandsWhereNoneCan()
    {
        var (one, two) = (new FakeEndpoint(100) { Trouble = -32005 }, new FakeEndpoint(100));
        var client = Over(out var transport, one, two);
        Assert.Equal(100, await client.BlockNumberAsync());
        Assert.Equal((1, 1, 1), (one.Asked, two.Asked, transport.Health[0].Failures));

        two.Trouble = -32603;
        var error = await Assert.ThrowsAsync<RpcException>(() => client.BlockNumberAsync());
        Assert.Equal(-32603, error.Code);
    }

    [Fact]
    public async Task EndpointThatToldWhatCannotBeTrue_IsAskedLastForAWhile()
    {
        var (one, two, clock) = (new FakeEndpoint(100), new FakeEndpoint(100), new ManualClock());
        var transport = new FailoverClient(31337, [("one", one), ("two", two)], clock);
        var client = new EthereumClient(transport);
        await client.BlockNumberAsync();
        client.Distrust("it leaves out logs");
        await client.BlockNumberAsync();
        Assert.Equal((1, 1), (one.Asked, two.Asked));
        Assert.Equal((false, "it leaves out logs"), (transport.States[0].IsWell, transport.States[0].LastError));

        clock.Now += EndpointRules.DistrustFor;
        await client.BlockNumberAsync();
        Assert.Equal((2, 1), (one.Asked, two.Asked));
    }

    [Fact]
    public async Task States_TellHowFarBehindEachIs()
    {
        Over(out var transport, new FakeEndpoint(80), new FakeEndpoint(100), new FakeEndpoint(1) { IsDown = true });
        await transport.CheckAsync(default);
        Assert.Equal([20L, 0L, null], transport.States.Select(s => s.Behind));
        Assert.Equal([false, true, true], transport.States.Select(s => s.IsWell));
    }

    [Fact]
    public async Task LogsOfARangeThatTheNodeDoesNotHaveYet_AreAFailedRead_NotAnEmptyList()
    {
        var client = Over(out _, new FakeEndpoint(100));
        Assert.Empty(await client.GetLogsAsync(new LogFilter { FromBlock = 90, ToBlock = 100 }));
        await Assert.ThrowsAsync<RpcUnavailableException>(() => client.GetLogsAsync(new LogFilter { FromBlock = 90, ToBlock = 101 }));
    }

    [Fact]
    [Trait("Category", "Parts")]
    public async Task Nethereum_OverSeveralEndpoints_ReadsFromTheOneThatAnswers()
    {
        var (one, two) = (new FakeEndpoint(100) { IsDown = true }, new FakeEndpoint(100));
        Over(out var client, one, two);
        var web3 = new Web3(client);
        Assert.Equal(100, (await web3.Eth.Blocks.GetBlockNumber.SendRequestAsync()).Value);
        Assert.Equal((1, 1), (one.Asked, two.Asked));

        var block = await web3.Eth.Blocks.GetBlockWithTransactionsHashesByNumber.SendRequestAsync(new HexBigInteger(100));
        Assert.Equal("0x" + new string('a', 64), block.BlockHash);
        Assert.Null(await web3.Eth.Blocks.GetBlockWithTransactionsHashesByNumber.SendRequestAsync(new HexBigInteger(101)));

        var revert = await Assert.ThrowsAsync<RpcException>(() => web3.Eth.GetBalance.SendRequestAsync(Address.Zero.ToString()));
        Assert.Equal(RpcException.ExecutionReverted, revert.Code);

        var batch = new RpcRequestResponseBatch();
        var (number, chainId) = (new EthBlockNumber(client), new EthChainId(client));
        batch.BatchItems.Add(new RpcRequestResponseBatchItem<EthBlockNumber, HexBigInteger>(number, number.BuildRequest(7)));
        batch.BatchItems.Add(new RpcRequestResponseBatchItem<EthChainId, HexBigInteger>(chainId, chainId.BuildRequest(9)));
        await client.SendBatchRequestAsync(batch);
        Assert.Equal([100, 31337], batch.BatchItems.Select(i => (int)((HexBigInteger)i.RawResponse).Value));
    }

    private static EthereumClient Over(out FailoverClient transport, params FakeEndpoint[] endpoints)
    {
        transport = new FailoverClient(31337, [.. endpoints.Select((e, i) => ($"endpoint {i + 1}", (NodeClient)e))]);
        return new EthereumClient(transport);
    }

    private sealed class FakeEndpoint(long head) : NodeClient
    {
        private const string Block =
            """{"number":"0x64","hash":"0x{0}","parentHash":"0x{0}","timestamp":"0x1","gasUsed":"0x0","gasLimit":"0x1"}""";

        public long Head { get; set; } = head;
        public bool IsDown { get; set; }
        public bool IsSilent { get; init; }
        public int? Trouble { get; set; }
        public int ChainId { get; init; } = 31337;
        public int Asked { get; private set; }

        public override Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
        {
            Asked++;
            return IsDown
                ? Task.FromException<IReadOnlyList<RpcReply>>(
                    new RpcUnavailableException(requests[0].Method, "down") { IsSilence = IsSilent }
                )
                : Task.FromResult<IReadOnlyList<RpcReply>>([
                    .. requests.Select(r =>
                        Trouble is { } code ? new RpcReply(r.Method, default, new RpcException(r.Method, code, "not now")) : Answer(r)
                    ),
                ]);
        }

        private RpcReply Answer(RpcRequest request) =>
            request.Method switch
            {
                "eth_chainId" => Result(request, $"\"{Hex.EncodeQuantity(ChainId)}\""),
                "eth_blockNumber" => Result(request, $"\"{Hex.EncodeQuantity(Head)}\""),
                "eth_getBlockByNumber" => Result(
                    request,
                    Hex.DecodeQuantity(request.Parameters[0]!.GetValue<string>()) <= Head
                        ? Block.Replace("{0}", new string('a', 64), StringComparison.Ordinal)
                        : "null"
                ),

                // A lagging node answers so for a range beyond its head.
                "eth_getLogs" => Result(request, "[]"),
                _ => new RpcReply(
                    request.Method,
                    default,
                    new RpcException(request.Method, RpcException.ExecutionReverted, "execution reverted", [])
                ),
            };

        private static RpcReply Result(RpcRequest request, string json) =>
            new(request.Method, JsonSerializer.Deserialize<JsonElement>(json), null);
    }

    private sealed class ManualClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
