using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.Gateway;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Matching.Tests.Gateway;

/// <summary>Both sides must prove that they hold the cluster's secret, or neither believes the other.</summary>
[Collection(StoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class GatewayProofTests(StoresFixture stores) : IAsyncLifetime
{
    private const string Next = "the next secret of these tests";

    private static readonly string[] Routes =
    [
        "gateway/status",
        "gateway/state",
        "gateway/watch",
        "gateway/commands",
        "health",
        "metrics",
        "",
    ];

    private TestCluster _cluster = null!;
    private TestNode _node = null!;

    private string Secret => _cluster.Settings["CLUSTER_SECRET"]!;

    private Uri Gateway => new(_node.Presence.Address);

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores, KeyValuePair.Create<string, string?>("CLUSTER_SECRET_ALSO", Next));
        _node = await TestNode.StartAsync("n1", _cluster);
        await _node.ActiveAsync();
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task WhoeverHoldsTheSecret_OrTheNextOne_IsAnswered()
    {
        foreach (var (secret, also) in new[] { (Secret, null), (Secret, Next), (Next, Secret) })
        {
            using var client = ProvenHttp.Of(secret, also);
            var status = await client.GetFromJsonAsync<MatchingNodeStatus>(new Uri(Gateway, "gateway/status"));
            Assert.Equal(("n1", "active"), (status?.NodeId, status?.State));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a secret of these test")]
    [InlineData("a secret of these tests ")]
    [InlineData("A secret of these tests")]
    public async Task WhoeverDoesNot_GetsNoAnswerOfAnyRoute(string? secret)
    {
        using var client = secret is null ? ProvenHttp.OfNobody() : ProvenHttp.Of(secret);
        foreach (var route in Routes)
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(Gateway, route)));
    }

    [Fact]
    public async Task ABodyOf8Megabytes_WithoutProof_IsNotRead()
    {
        using var client = ProvenHttp.OfNobody();
        var body = new CountedBody(8 * 1024 * 1024);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync(new Uri(Gateway, "gateway/commands"), body));
        Assert.True(body.Sent < 1024 * 1024, $"{body.Sent} bytes were taken");
    }

    [Fact]
    public async Task WithoutTls_TheGatewayAnswersNothing()
    {
        using var client = new HttpClient
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        foreach (var route in Routes)
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri($"http://{Gateway.Authority}/{route}")));
    }

    [Theory]
    [InlineData("gateway/status")]
    [InlineData("gateway/state")]
    [InlineData("gateway/commands")]
    public async Task ThePortOfTheProbes_IsNoWayIntoTheGateway(string route)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(
            route.EndsWith("commands", StringComparison.Ordinal) ? HttpMethod.Post : HttpMethod.Get,
            new Uri(_node.Probes, route)
        )
        {
            Content = new StringContent("{}"),
        };
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.True((response.Content.Headers.ContentLength ?? 0) < 1_024);
    }

    [Fact]
    public async Task WhilePeersKeepComingThatNeverProveThemselves_NodesGetIn_AndTheOthersAreBounded()
    {
        var idle = new List<TcpClient>();
        try
        {
            for (var round = 0; round < 8; round++)
            {
                for (var i = 0; i < NodeConnections.MaximumUnproven / 2; i++)
                    idle.Add(await ConnectAsync());
                // Never refused, although from the second round on every place is taken.
                using var node = ProvenHttp.Of(Secret);
                Assert.Equal("n1", (await node.GetFromJsonAsync<MatchingNodeStatus>(new Uri(Gateway, "gateway/status")))?.NodeId);
            }

            // Each is closed, for a later one or when its time for a handshake is over.
            foreach (var client in idle.Where(client => client.Connected))
                Assert.Equal(0, await ReadAsync(client));
            Assert.Contains(_node.Said, line => line.Contains("was closed before it had proven itself", StringComparison.Ordinal));
        }
        finally
        {
            idle.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task AHostThatTakesManyNames_LeavesPlacesToTheOthers()
    {
        const int Names = NodeConnections.MaximumOfAHost / NodeConnections.MaximumOfANode;
        var status = new Uri(Gateway, "gateway/status");
        var intruder = new List<HttpClient>();
        try
        {
            for (var i = 0; i < NodeConnections.MaximumOfAHost; i++)
            {
                intruder.Add(OfIntruder($"n{i % Names}"));
                Assert.Equal("n1", (await intruder[i].GetFromJsonAsync<MatchingNodeStatus>(status))?.NodeId);
            }

            using var oneTooMany = OfIntruder("another");
            await Assert.ThrowsAsync<HttpRequestException>(() => oneTooMany.GetAsync(status));
            using var honest = ProvenHttp.Of(Secret, nodeId: "n2");
            Assert.Equal("n1", (await honest.GetFromJsonAsync<MatchingNodeStatus>(status))?.NodeId);
        }
        finally
        {
            intruder.ForEach(client => client.Dispose());
        }

        HttpClient OfIntruder(string name) => ProvenHttp.Of(Secret, nodeId: name, from: IPAddress.Parse("127.0.0.2"));
    }

    [Fact]
    public async Task ABatchThatWasRecorded_IsWorthNothingOnAnotherConnection()
    {
        await using var wire = new RecordingRelay(Gateway.Port);
        var order = new Traders(1).Place(1, market: 1, outcome: 0, isBuy: true, price: 5_000, lots: 10);
        using (var client = ProvenHttp.Of(Secret))
        {
            var batch = new CommandBatch([order], DateTimeOffset.UtcNow);
            using var response = await client.PostAsJsonAsync(
                new Uri($"https://127.0.0.1:{wire.Port}/gateway/commands"),
                batch,
                JsonSerializerOptions.Web
            );
            var answer = await response.Content.ReadFromJsonAsync<CommandAnswer>(JsonSerializerOptions.Web);
            Assert.Equal(order.RequestId, answer?.Results.Single().RequestId);
        }

        // Of an account without money, so the order itself leaves no trace; that the leader has read it does.
        using var observer = ProvenHttp.Of(Secret, nodeId: "n2");
        Assert.Equal(1, await SignaturesSeenAsync());
        var recorded = wire.FromClient();
        Assert.DoesNotContain(order.Hash, System.Text.Encoding.Latin1.GetString(recorded), StringComparison.OrdinalIgnoreCase);
        var before = await CommandsAsync();
        foreach (var from in new[] { 0, recorded.Length / 2 })
        {
            using var again = new TcpClient();
            await again.ConnectAsync(IPAddress.Loopback, Gateway.Port);
            await again.GetStream().WriteAsync(recorded.AsMemory(from));
            await ReadAsync(again, untilClosed: true);
        }

        await AnotherCommandAsync();
        Assert.Equal(before + 1, await CommandsAsync());
        Assert.Equal(1, await SignaturesSeenAsync());

        async Task<long> SignaturesSeenAsync() =>
            (await observer.GetFromJsonAsync<MatchingNodeStatus>(new Uri($"https://127.0.0.1:{Gateway.Port}/gateway/status")))!.Signatures;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AByteThatIsChangedOnTheWay_EndsTheConnection_AndIsNeverBelieved(bool ofTheAnswer)
    {
        await using var wire = new RecordingRelay(Gateway.Port);
        using var client = new GatewayClient(new NodeProof(new ClusterKeys(Secret), "api-1", NodeKinds.Matching), TimeProvider.System);
        var address = $"https://127.0.0.1:{wire.Port}";
        Assert.NotNull(await client.StatusAsync(address, 0, CancellationToken.None));
        var traders = new Traders(2);
        Exception? error = null;
        // Bytes between two requests may be the ones that are changed: that ends an idle connection, and the next request has another one.
        for (var attempt = 0; attempt < 10 && error is null; attempt++)
        {
            wire.Damage(ofTheAnswer);
            var order = traders.Place(1, market: 1, outcome: 0, isBuy: true, price: 5_000, lots: 10);
            error = await Record.ExceptionAsync(() => client.SendAsync(address, [order], null, CancellationToken.None));
        }

        Assert.NotNull(error);
        Assert.True(GatewayClient.IsConnectionFault(error), error.ToString());
        Assert.False(GatewayClient.WasNeverSent(error), "the leader may have received it");
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Gateway.Port);
        }
        catch (SocketException)
        {
            // Closed before this side noticed that it was connected.
        }

        return client;
    }

    private Task<long> CommandsAsync() => _cluster.ScalarAsync<long>("SELECT count(*) FROM commands");

    private async Task AnotherCommandAsync()
    {
        await using var client = new TestClient(_cluster);
        await client.Router.AcceptAsync(Traders.Fund(1));
    }

    private static async Task<int> ReadAsync(TcpClient client, bool untilClosed = false)
    {
        using var patience = new CancellationTokenSource(Eventually.Patience);
        var bytes = new byte[4096];
        try
        {
            int read;
            do read = await client.GetStream().ReadAsync(bytes, patience.Token);
            while (untilClosed && read > 0);
            return read;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private sealed class CountedBody(int length) : HttpContent
    {
        private int _sent;

        public int Sent => Volatile.Read(ref _sent);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var left = length; left > 0; left -= 64 * 1024)
            {
                await stream.WriteAsync(new byte[64 * 1024]);
                Interlocked.Add(ref _sent, 64 * 1024);
            }
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length;
            return true;
        }
    }
}
