using System.Net;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Simulator.Funding;

namespace Foresight.Simulator.Tests.Funding;

/// <summary>Against an endpoint that mines as the test specifies, because no real chain fails or forgets a transaction at will.</summary>
public sealed class TransactionPipelineTests
{
    private static readonly PrivateKey Sender = PrivateKey.OfPhrase("sender of the pipeline's tests");
    private static readonly Address Receiver = PrivateKey.OfPhrase("receiver").Address;

    private readonly Node _node = new();
    private readonly InstantClock _clock = new();

    [Fact]
    public async Task AnEmptyPipeline_AsksForNothing()
    {
        await Pipeline(0).SendAndWaitAsync(CancellationToken.None);
        Assert.Empty(_node.Methods);
    }

    [Fact]
    public async Task Transactions_AreAllSent_BeforeTheFirstIsWaitedFor()
    {
        _node.Receipts = polls => polls < 3 ? null : "0x1";
        await Pipeline(3).SendAndWaitAsync(CancellationToken.None);
        Assert.Equal(
            ["eth_getTransactionCount", "eth_sendRawTransaction", "eth_sendRawTransaction", "eth_sendRawTransaction"],
            _node.Methods.Where(method => method != "eth_getTransactionReceipt")
        );
        Assert.Equal(3, _node.Sent.Distinct().Count());
        Assert.All(_clock.Pauses, pause => Assert.Equal(250, pause.TotalMilliseconds));
    }

    [Fact]
    public async Task ATransactionThatFailed_IsNamed_WithItsSenderAndReceiver()
    {
        _node.Receipts = _ => "0x0";
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => Pipeline(1).SendAndWaitAsync(CancellationToken.None));
        Assert.Contains($"of {Sender.Address} to {Receiver} failed", failed.Message);
    }

    [Fact]
    public async Task WhatIsNeverMined_IsGivenUpAfterAMinute()
    {
        _node.Receipts = _ => null;
        var given = await Assert.ThrowsAsync<InvalidOperationException>(() => Pipeline(2).SendAndWaitAsync(CancellationToken.None));
        Assert.Equal($"2 transactions of {Sender.Address} were not mined in 60 s", given.Message);
        Assert.InRange(_clock.Pauses.Sum(pause => pause.TotalSeconds), 60, 61);
    }

    [Fact]
    public async Task TheCaller_CanStopTheWait()
    {
        _node.Receipts = _ => null;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Pipeline(1).SendAndWaitAsync(new CancellationToken(canceled: true)));
    }

    private TransactionPipeline Pipeline(int transactions)
    {
        var chain = EthereumClient.OfEndpoint(new HttpClient(_node), new Uri("http://chain.invalid/"));
        var pipeline = new TransactionPipeline(chain, Sender, 31337, new FeeSuggestion(1_000_000_000, 2_000_000_000), _clock);
        for (var i = 0; i < transactions; i++)
            pipeline.Add(Receiver, 21_000, value: BigInteger.One);
        return pipeline;
    }

    private sealed class Node : HttpMessageHandler
    {
        private int _polls;

        public Func<int, string?> Receipts { get; set; } = _ => "0x1";

        public List<string> Methods { get; } = [];

        public List<string> Sent { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var asked = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
            JsonNode answer = asked is JsonArray batch ? new JsonArray([.. batch.Select(one => (JsonNode)Answer(one!))]) : Answer(asked);
            return new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(answer.ToJsonString(), Encoding.UTF8, "application/json"),
            };
        }

        private JsonObject Answer(JsonNode asked)
        {
            var method = asked["method"]!.GetValue<string>();
            Methods.Add(method);
            JsonNode? result = method switch
            {
                "eth_getTransactionCount" => "0x5",
                "eth_sendRawTransaction" => HashOf(asked["params"]![0]!.GetValue<string>()),
                _ => Receipts(++_polls) is { } status ? Receipt(asked["params"]![0]!.GetValue<string>(), status) : null,
            };
            return new JsonObject
            {
                ["jsonrpc"] = "2.0",
                ["id"] = asked["id"]!.DeepClone(),
                ["result"] = result,
            };
        }

        private string HashOf(string raw)
        {
            Sent.Add(raw);
            return Hash32.Parse("0x" + Sent.Count.ToString("x64")).ToString();
        }

        private static JsonObject Receipt(string hash, string status) =>
            new()
            {
                ["transactionHash"] = hash,
                ["status"] = status,
                ["blockNumber"] = "0x1",
                ["blockHash"] = "0x" + new string('1', 64),
                ["transactionIndex"] = "0x0",
                ["gasUsed"] = "0x5208",
                ["cumulativeGasUsed"] = "0x5208",
                ["effectiveGasPrice"] = "0x1",
                ["from"] = Sender.Address.ToString(),
                ["to"] = Receiver.ToString(),
                ["logs"] = new JsonArray(),
                ["logsBloom"] = "0x",
                ["type"] = "0x2",
            };
    }
}
