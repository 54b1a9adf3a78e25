using System.Text.Json;
using Foresight.Chain.Rpc;
using Xunit;

namespace Foresight.Chain.Tests.Rpc;

public sealed class FailoverRpcTransportTests
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
        for (var i = 0; i < EndpointRules.FailureLimit + 5; i++) await client.BlockNumberAsync();
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
        for (var i = 0; i < EndpointRules.FailureLimit + 2; i++) await Assert.ThrowsAsync<RpcUnavailableException>(() => client.BlockNumberAsync());
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
    public async Task LogsOfARangeThatTheNodeDoesNotHaveYet_AreAFailedRead_NotAnEmptyList()
    {
        var client = Over(out _, new FakeEndpoint(100));
        Assert.Empty(await client.GetLogsAsync(new LogFilter { FromBlock = 90, ToBlock = 100 }));
        await Assert.ThrowsAsync<RpcUnavailableException>(() => client.GetLogsAsync(new LogFilter { FromBlock = 90, ToBlock = 101 }));
    }

    private static EthereumClient Over(out FailoverRpcTransport transport, params FakeEndpoint[] endpoints)
    {
        transport = new FailoverRpcTransport(31337, [.. endpoints.Select((e, i) => ($"endpoint {i + 1}", (IRpcTransport)e))]);
        return new EthereumClient(transport);
    }

    private sealed class FakeEndpoint(long head) : IRpcTransport
    {
        private const string Block =
            """{"number":"0x64","hash":"0x{0}","parentHash":"0x{0}","timestamp":"0x1","gasUsed":"0x0","gasLimit":"0x1"}""";

        public long Head { get; set; } = head;
        public bool IsDown { get; set; }
        public int ChainId { get; init; } = 31337;
        public int Asked { get; private set; }

        public Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancel)
        {
            Asked++;
            return IsDown
                ? Task.FromException<IReadOnlyList<RpcReply>>(new RpcUnavailableException(requests[0].Method, "down"))
                : Task.FromResult<IReadOnlyList<RpcReply>>([.. requests.Select(Answer)]);
        }

        private RpcReply Answer(RpcRequest request) => request.Method switch
        {
            "eth_chainId" => Result(request, $"\"{Hex.EncodeQuantity(ChainId)}\""),
            "eth_blockNumber" => Result(request, $"\"{Hex.EncodeQuantity(Head)}\""),
            "eth_getBlockByNumber" => Result(request, Hex.DecodeQuantity(request.Parameters[0]!.GetValue<string>()) <= Head ? Block.Replace("{0}", new string('a', 64), StringComparison.Ordinal) : "null"),

            // What a node that lags says of a range beyond its head.
            "eth_getLogs" => Result(request, "[]"),
            _ => new RpcReply(request.Method, default, new RpcException(request.Method, RpcException.ExecutionReverted, "execution reverted", [])),
        };

        private static RpcReply Result(RpcRequest request, string json) => new(request.Method, JsonSerializer.Deserialize<JsonElement>(json), null);
    }
}
