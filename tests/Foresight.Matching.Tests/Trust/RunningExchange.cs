using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Numerics;
using System.Text.Json;
using Foresight.Chain.Signing;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Trust;

internal sealed record ApiAnswer(int Status, JsonElement Body)
{
    public string? Code => Text("code");

    public string? Text(string member) => Body.TryGetProperty(member, out var value) ? value.GetString() : null;
}

/// <summary>
/// A matching node and two Api nodes, each a process of its own, without a chain: traders sign, and are funded by command.
/// </summary>
internal sealed class RunningExchange : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly List<NodeProcess> _processes = [];
    private readonly List<HttpClient> _apis = [];
    private readonly ITestOutputHelper _output;

    private RunningExchange(TestCluster cluster, ITestOutputHelper output)
    {
        (Cluster, _output) = (cluster, output);
        Nodes = new TestClient(cluster);
    }

    public TestCluster Cluster { get; }

    public TestClient Nodes { get; }

    public static async Task<RunningExchange> StartAsync(TestStores stores, ITestOutputHelper output)
    {
        var exchange = new RunningExchange(await TestCluster.CreateAsync(stores), output);
        exchange._processes.Add(new NodeProcess("n1", exchange.Cluster.Settings));
        var settings = exchange.Cluster.With("ADMIN_KEY", "an admin key of these tests only");
        settings["RATE_LIMIT_PER_MINUTE"] = "1000000";
        // A signature that is not the maker's own may be a contract's, so the Api needs a chain to refuse it.
        if (stores.Chain is { } chain)
            settings["RPC_URL"] = chain.ToString();
        foreach (var node in new[] { "api-1", "api-2" })
            exchange._processes.Add(new NodeProcess(node, settings, "Foresight.Api"));
        foreach (var api in exchange._processes.Skip(1))
            exchange._apis.Add(await ReadyAsync(api));
        return exchange;
    }

    public HttpClient Api(int node) => _apis[node];

    public Task<ApiAnswer> PlaceAsync(int node, PlaceOrder order) => PostAsync(node, "/orders", RequestOf(order));

    public Task<ApiAnswer> CancelAsync(int node, CancelBySalt cancel) =>
        PostAsync(
            node,
            "/orders/cancel",
            new CancelOrderRequest(MarketAddress(cancel.MarketId), cancel.Maker, cancel.Salt, cancel.Signature!)
        );

    public async Task<ApiAnswer> GetAsync(int node, string path)
    {
        using var response = await _apis[node].GetAsync(path);
        return new ApiAnswer((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
            _output.WriteLine($"{process.NodeId} said last:\n{process.Output}");
        }

        foreach (var api in _apis)
            api.Dispose();
        await Nodes.DisposeAsync();
        await Cluster.DisposeAsync();
    }

    /// <summary>
    /// In doubt, which a starved machine causes, the same request is sent again and has its first result, by its idempotency key.
    /// </summary>
    private async Task<ApiAnswer> PostAsync<T>(int node, string path, T body)
    {
        var key = Guid.NewGuid().ToString();
        return await Eventually.GetAsync($"a result of {path}", Patience, SendAsync);

        async Task<ApiAnswer?> SendAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = JsonContent.Create(body, options: JsonSerializerOptions.Web),
            };
            request.Headers.Add("Idempotency-Key", key);
            using var response = await _apis[node].SendAsync(request);
            return response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.ServiceUnavailable
                ? null
                : new ApiAnswer((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
        }
    }

    private static async Task<HttpClient> ReadyAsync(NodeProcess process)
    {
        var address = await Eventually.GetAsync($"{process.NodeId} listens", Patience, () => Task.FromResult(process.ListeningAt));
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        await Eventually.TrueAsync(
            $"{process.NodeId} is ready",
            Patience,
            async () => (await http.GetAsync("/ready")).StatusCode == HttpStatusCode.OK
        );
        return http;
    }

    private static PlaceOrderRequest RequestOf(PlaceOrder order) =>
        new(
            MarketAddress(order.MarketId),
            new SignedOrder(
                order.Maker,
                order.Outcome,
                order.IsBuy,
                (order.PriceTicks * OrderMessage.PricePerTick).ToString(CultureInfo.InvariantCulture),
                (order.Lots * OrderMessage.AmountPerLot).ToString(CultureInfo.InvariantCulture),
                order.Salt,
                order.ExpirySeconds.ToString(CultureInfo.InvariantCulture)
            ),
            order.Signature,
            ((string[])["GTC", "GTD", "IOC", "FOK"])[order.TimeInForce],
            order.PostOnly,
            ClientOrderId: order.ClientOrderId
        );

    private static string MarketAddress(int market) => Traders.Domain(market).VerifyingContract.ToLowerHex();
}
