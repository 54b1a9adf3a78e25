using System.Net;
using System.Text;
using Foresight.Chain.Rpc;
using Xunit;

namespace Foresight.Chain.Tests.Rpc;

/// <summary>No answer of a misbehaving node may be read as "nothing there".</summary>
public sealed class HttpNodeClientTests
{
    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"jsonrpc":"2.0","id":0}""")]
    [InlineData("""{"jsonrpc":"2.0","id":0,"result":null}""")]
    [InlineData("""{"jsonrpc":"2.0","id":0,"result":"0x"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":0,"result":12}""")]
    [InlineData("""{"jsonrpc":"2.0","id":0,"result":true}""")]
    [InlineData("""{"jsonrpc":"2.0","id":0,"result":[]}""")]
    [InlineData("""{"jsonrpc":"2.0","id":0,"result":{"number":"0x1"}}""")]
    public async Task AnswerThatIsNone_IsAFailedRead(string body)
    {
        using var node = new FakeNode(_ => Json(body));
        await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Client.BlockNumberAsync());
        await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Client.GetLogsAsync(new LogFilter { FromBlock = 1, ToBlock = 2 }));
    }

    [Fact]
    [Trait("Category", "Parts")]
    public async Task ReadsByNethereum_OfWhatIsNoAnswer_AreFailedReads()
    {
        foreach (var body in new[] { "null", "{}", "\"\"", "\"0x1g\"", "{\"hash\":\"0x" + new string('1', 64) + "\"}" })
        {
            using var node = new FakeNode(_ => Json("{\"id\":0,\"result\":" + body + "}"));
            await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Client.GetBalanceAsync(Address.Zero));
            await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Client.GetCodeAsync(Address.Zero));
            await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Client.SendRawTransactionAsync([1]));
            await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Client.SuggestFeesAsync(1));
            if (body.Contains("hash", StringComparison.Ordinal))
                await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Client.KnowsTransactionAsync(Hash32.Zero));
        }
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.NotFound)]
    public async Task HttpError_IsAFailedRead(HttpStatusCode status)
    {
        using var node = new FakeNode(_ => new HttpResponseMessage(status)
        {
            Content = new StringContent("""{"jsonrpc":"2.0","id":0,"result":"0x1"}"""),
        });
        var error = await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Client.BlockNumberAsync());
        Assert.Contains(((int)status).ToString(), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"id":0,"result":"0x1"}]""")]
    [InlineData("""[{"id":0,"result":"0x1"},{"id":0,"result":"0x2"}]""")]
    [InlineData("""[{"id":0,"result":"0x1"},{"id":2,"result":"0x2"}]""")]
    [InlineData("""[{"id":0,"result":"0x1"},{"id":1}]""")]
    [InlineData("""[{"id":0,"result":"0x1"},{"result":"0x2"}]""")]
    [InlineData("""{"id":0,"result":"0x1"}""")]
    [InlineData("""{"id":null,"error":{"code":-32600,"message":"batch too large"}}""")]
    public async Task BatchThatIsNotAnsweredWhole_IsAFailedRead(string body)
    {
        using var node = new FakeNode(_ => Json(body));
        await Assert.ThrowsAsync<RpcUnavailableException>(() =>
            node.Transport.SendAsync([new("eth_blockNumber"), new("eth_chainId")], default)
        );
    }

    [Fact]
    public async Task BatchAnsweredInAnyOrder_ComesBackInTheOrderOfTheRequests()
    {
        using var node = new FakeNode(_ =>
            Json("""[{"id":1,"error":{"code":-32601,"message":"no such method"}},{"id":0,"result":"0x7"}]""")
        );
        var replies = await node.Transport.SendAsync([new("eth_blockNumber"), new("eth_unknown")], default);
        Assert.Equal("0x7", replies[0].Required().GetString());
        var error = Assert.Throws<RpcException>(() => replies[1].Required());
        Assert.Equal((-32601, "no such method", "eth_unknown"), (error.Code, error.NodeMessage, error.Method));
        Assert.False(error.IsRevert);
    }

    [Fact]
    public async Task NodeThatDoesNotAnswer_FailsAtTheTimeout_AndTheCallersCancellationIsTheCallers()
    {
        using var node = new FakeNode(
            async (_, cancellationToken) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                return Json("");
            },
            TimeSpan.FromMilliseconds(50)
        );
        var error = await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Client.BlockNumberAsync());
        Assert.Contains("0.05 s", error.Message, StringComparison.Ordinal);

        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node.Client.BlockNumberAsync(cancelled.Token));
    }

    [Theory]
    [InlineData(
        "\"0x08c379a00000000000000000000000000000000000000000000000000000000000000020"
            + "0000000000000000000000000000000000000000000000000000000000000005"
            + "68656c6c6f000000000000000000000000000000000000000000000000000000\"",
        "hello"
    )]
    [InlineData(
        "{\"data\":\"0x4e487b710000000000000000000000000000000000000000000000000000000000000011\"}",
        "panic: an arithmetic operation overflowed"
    )]
    [InlineData("\"Reverted 0x01020304\"", "0x01020304")]
    [InlineData("\"0x\"", "reverted without a reason, or ran out of gas")]
    public async Task RevertData_IsFoundWhereverNodesPutIt_AndPutIntoWords(string data, string reason)
    {
        using var node = new FakeNode(_ => Json("""{"id":0,"error":{"code":3,"message":"execution reverted","data":""" + data + "}}"));
        var error = await Assert.ThrowsAsync<RpcException>(() => node.Client.CallAsync(new CallRequest(Address.Zero, [])));
        Assert.True(error.IsRevert);
        Assert.Equal(reason, error.RevertReason);
    }

    private static HttpResponseMessage Json(string body) =>
        new(HttpStatusCode.OK) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private sealed class FakeNode : HttpMessageHandler
    {
        private readonly Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> _answer;

        public FakeNode(Func<HttpRequestMessage, HttpResponseMessage> answer)
            : this((request, _) => Task.FromResult(answer(request)), TimeSpan.FromSeconds(10)) { }

        public FakeNode(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer, TimeSpan timeout)
        {
            _answer = answer;
            Transport = new HttpNodeClient(new HttpClient(this, disposeHandler: false), new Uri("http://node.invalid"), timeout);
            Client = new EthereumClient(Transport);
        }

        public HttpNodeClient Transport { get; }
        public EthereumClient Client { get; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            _answer(request, cancellationToken);
    }
}
