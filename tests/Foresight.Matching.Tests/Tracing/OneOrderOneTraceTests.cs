using System.Net;
using System.Net.Http.Json;
using System.Numerics;
using System.Text.Json;
using Foresight.Chain.Signing;
using Foresight.Matching.Tests.Settlement;
using Foresight.Matching.Tests.SettlementTerm;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Npgsql;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Tracing;

[Collection(ChainCollection.Name)]
[Trait("Category", "Parts")]
public sealed class OneOrderOneTraceTests(ChainFixture fixture, ITestOutputHelper output) : IAsyncLifetime
{
    private const string AdminKey = "an admin key of these tests only";
    private const string Http = "Microsoft.AspNetCore";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static int _salts = 1_000_000;

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private Venue _venue = null!;
    private SettlerNodes _nodes = null!;
    private TraceCollector _collector = null!;

    public async Task InitializeAsync()
    {
        _venue = await Venue.CreateAsync(fixture);
        _collector = await TraceCollector.StartAsync();
        _nodes = await SettlerNodes.CreateAsync(_venue, _ => fixture.Rpc.ToString());
    }

    [Fact]
    public async Task AnOrder_IsOneTrace_FromItsRequestToTheBlockThatMakesItFinal()
    {
        var (buyer, seller) = await StartTradingAsync("n1", []);
        var (sell, sellSignature) = await PlaceAsync(seller, isBuy: false);
        var (buy, buySignature) = await PlaceAsync(buyer, isBuy: true);
        await FinalAsync();

        foreach (var order in new[] { sell, buy })
        {
            var trace = await SpansOfAsync(order, SpanNames.Publish, SpanNames.Settle, SpanNames.Final);
            AssertPipeline(trace, order);
            AssertSettlement(trace);
        }

        Assert.NotEqual(TraceOf(sell), TraceOf(buy));
        AssertNoSecret(sellSignature, buySignature);
        AssertNoPolls();
    }

    [Fact]
    public async Task AnOrderWhoseLeaderDiesBeforeItsTradeIsSettled_KeepsItsTrace()
    {
        // The first leader keeps its trades unsettled for ten minutes, so that its successor settles them.
        var (buyer, seller) = await StartTradingAsync("n1", [("SETTLEMENT_BATCH_AGE_MS", "600000")]);
        var (sell, _) = await PlaceAsync(seller, isBuy: false);
        var (buy, _) = await PlaceAsync(buyer, isBuy: true);
        foreach (var order in new[] { sell, buy })
            await SpansOfAsync(order, SpanNames.Publish);
        Assert.Equal(0L, await _venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));

        _nodes["n1"].KillNow();
        await _nodes["n1"].EndedAsync(Patience);
        _nodes.Start("n2", _collector.Settings);
        await FinalAsync();

        foreach (var order in new[] { sell, buy })
        {
            var trace = await SpansOfAsync(order, SpanNames.Settle, SpanNames.Final);
            AssertPipeline(trace, order);
            AssertSettlement(trace);
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes.All)
            output.WriteLine($"{node.NodeId} logged last:\n{node.Output}");
        await _nodes.DisposeAsync();
        await _collector.DisposeAsync();
        await _venue.DisposeAsync();
        _client.Dispose();
    }

    private void AssertPipeline(IReadOnlyList<CollectedSpan> trace, string order)
    {
        var request = Assert.Single(trace, span => span.ParentId == "");
        Assert.Equal(Http, request.Source);
        var route = One(SpanNames.Route, below: request);
        Assert.Equal(order, route.Attributes[SpanAttributes.OrderId]);
        var gateway = One(SpanNames.Gateway, below: route);
        Assert.Equal(order, gateway.Attributes[SpanAttributes.OrderId]);
        Assert.Equal("1", gateway.Attributes[SpanAttributes.Epoch]);
        var stages = new[] { SpanNames.Sequence, SpanNames.Match, SpanNames.Commit, SpanNames.Publish }
            .Select(stage => One(stage, below: gateway))
            .ToList();
        for (var i = 1; i < stages.Count; i++)
            Assert.True(stages[i - 1].End <= stages[i].Start, $"{stages[i].Name} begins before {stages[i - 1].Name} ends");

        var carrier = Find(Assert.Single(gateway.Links));
        Assert.Equal(Http, carrier.Source);
        var delivery = Find(Find(carrier.ParentId).ParentId);
        Assert.Equal(SpanNames.DeliverBatch, delivery.Name);
        Assert.Contains(route.SpanId, delivery.Links);

        var commit = Find(Assert.Single(stages[2].Links));
        Assert.Equal(SpanNames.CommitBatch, commit.Name);
        Assert.Contains(route.SpanId, commit.Links);
        Assert.Contains(_collector.Spans, span => span.Source == "Npgsql" && span.ParentId == commit.SpanId);

        CollectedSpan One(string name, CollectedSpan below)
        {
            var span = Assert.Single(trace, span => span.Name == name);
            Assert.Equal(below.SpanId, span.ParentId);
            return span;
        }
    }

    private static void AssertSettlement(IReadOnlyList<CollectedSpan> trace)
    {
        var route = trace.Single(span => span.Name == SpanNames.Route);
        var settle = Assert.Single(trace, span => span.Name == SpanNames.Settle);
        var final = Assert.Single(trace, span => span.Name == SpanNames.Final);
        Assert.Equal(route.SpanId, settle.ParentId);
        Assert.Equal(route.SpanId, final.ParentId);
        Assert.StartsWith("0x", settle.Attributes[SpanAttributes.TransactionHash]);
        Assert.Equal(settle.Attributes[SpanAttributes.TransactionHash], final.Attributes[SpanAttributes.TransactionHash]);
        Assert.Equal(settle.Attributes[SpanAttributes.TradeId], final.Attributes[SpanAttributes.TradeId]);
        Assert.Contains(SpanAttributes.TransactionNonce, settle.Attributes.Keys);
        Assert.True(settle.End <= final.End, "final before settled");
    }

    private void AssertNoPolls()
    {
        var roots = _collector.Spans.Where(span => span.ParentId == "").Select(span => span.Source).ToHashSet();
        Assert.Equal([Http], roots);
        foreach (var client in new[] { "Npgsql", "System.Net.Http" })
            Assert.Contains(_collector.Spans, span => span.Source == client);
    }

    private void AssertNoSecret(params string[] signatures)
    {
        var password = new NpgsqlConnectionStringBuilder(fixture.ConnectionStringOf(_venue.Database)).Password!;
        string[] secrets =
        [
            .. signatures.Select(signature => signature[2..]),
            Venue.DevelopmentKey[2..],
            SettlerNodes.Secret,
            AdminKey,
            password,
        ];
        Assert.All(secrets, secret => Assert.False(_collector.Contains(secret), "A secret is in the telemetry."));
    }

    private async Task<(PrivateKey Buyer, PrivateKey Seller)> StartTradingAsync(string node, (string Name, string Value)[] settings)
    {
        var (buyer, seller) = (await _venue.AddWalletAsync(usdc: 1_000), await _venue.AddWalletAsync(shares: 1_000));
        await _nodes.MineOnAsync();
        _nodes.Start(node, [.. _collector.Settings, .. settings]);
        _nodes.StartApi("api", [.. _collector.Settings, ("ADMIN_KEY", AdminKey)]);
        await _nodes.KnowAsync(buyer, seller);
        _client.BaseAddress = await Eventually.GetAsync("the Api listens", Patience, () => Task.FromResult(_nodes["api"].ListeningAt));
        await Eventually.TrueAsync(
            "the Api is ready",
            Patience,
            async () => (await _client.GetAsync("/ready")).StatusCode == HttpStatusCode.OK
        );
        return (buyer, seller);
    }

    private async Task<(string Id, string Signature)> PlaceAsync(PrivateKey maker, bool isBuy)
    {
        var salt = Interlocked.Increment(ref _salts);
        var message = OrderMessage.OfUnits(maker.Address, 0, isBuy, 5_000, 100, salt, 0);
        var domain = TypedDataDomain.OfMarket(_venue.Deployment.ChainId, _venue.MarketAddress);
        var signature = "0x" + Convert.ToHexStringLower(OrderSigning.Sign(domain, message, maker));
        var request = new PlaceOrderRequest(
            _venue.MarketAddress.ToString(),
            new Protocol.SignedOrder(maker.Address.ToString(), 0, isBuy, "500000", BigInteger.Pow(10, 18).ToString(), salt.ToString(), "0"),
            signature
        );
        using var response = await _client.PostAsJsonAsync("/orders", request, JsonSerializerOptions.Web);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return (OrderSigning.OrderHash(domain, message).ToString(), signature);
    }

    private Task FinalAsync() =>
        Eventually.TrueAsync(
            "the trade is final",
            Patience,
            async () => await _venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'final' AND closed") == 1
        );

    private async Task<IReadOnlyList<CollectedSpan>> SpansOfAsync(string order, params string[] names)
    {
        IReadOnlyList<CollectedSpan> spans = [];
        await Eventually.TrueAsync(
            $"the trace of {order} has {string.Join(", ", names)}",
            Patience,
            () =>
            {
                if (TraceOf(order) is not { } trace)
                    return false;
                spans = [.. _collector.Spans.Where(span => span.TraceId == trace)];
                return names.All(name => spans.Any(span => span.Name == name)) && spans.Any(span => span.ParentId == "");
            }
        );
        return spans;
    }

    private string? TraceOf(string order) =>
        _collector
            .Spans.FirstOrDefault(span =>
                span.Name == SpanNames.Route && span.Attributes.GetValueOrDefault(SpanAttributes.OrderId) == order
            )
            ?.TraceId;

    private CollectedSpan Find(string id) =>
        _collector.Spans.FirstOrDefault(span => span.SpanId == id) ?? throw new InvalidOperationException($"There is no span {id}.");
}
