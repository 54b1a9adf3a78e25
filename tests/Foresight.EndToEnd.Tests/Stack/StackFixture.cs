using System.Net.Http.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Client;
using Foresight.Protocol;
using Foresight.Simulator;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Funding;
using Foresight.Simulator.Load;
using Foresight.Simulator.Traders;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>On free ports with an ephemeral state folder, so that it can run beside another stack.</summary>
public class StackFixture : IAsyncLifetime
{
    private const long TraderSeed = 1000;
    private const int TraderCount = 8;

    /// <summary>Well-known key of the development chain's last account, so it is no secret.</summary>
    private const string FaucetKey = "0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6";

    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan TradingDeadline = TimeSpan.FromSeconds(40);

    private IDisposable? _turn;
    private DistributedApplication? _app;

    public DistributedApplication App => _app ?? throw new InvalidOperationException("the stack has not started");

    /// <summary>Without retries, so that a test sees the answer of a single request; <see cref="Api"/> retries through outages.</summary>
    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(30) };

    public string AdminKey { get; } = "end-to-end-admin-" + Guid.NewGuid().ToString("N");

    public string ClusterSecret { get; } = "end-to-end-cluster-" + Guid.NewGuid().ToString("N");

    public NpmPackages Npm { get; private set; } = null!;
    public ForesightClient Api { get; private set; } = null!;
    public OrderSigner Signer { get; private set; } = null!;
    public Journal Journal { get; private set; } = null!;
    public ChainView Venue { get; private set; } = null!;
    public EthereumClient Chain { get; private set; } = null!;

    /// <summary>
    /// Tests that need an empty book use [1] (wallets) or [2] (tests that leave it empty), because the README's reader trades in [0]. By
    /// number: three binary markets, then one of three outcomes.
    /// </summary>
    public IReadOnlyList<TradedMarket> Markets { get; private set; } = [];

    public IReadOnlyList<TradedMarket> LoadMarkets => [Markets[0], Markets[3]];

    public IReadOnlyList<Trader> Traders { get; } = Trader.FromSeed(TraderSeed, TraderCount);

    protected virtual IReadOnlyList<string> MoreArguments => [];

    protected virtual bool HasSimulator => false;

    /// <summary>Changes the model before it starts.</summary>
    protected virtual void Arrange(IDistributedApplicationTestingBuilder builder) { }

    public async Task InitializeAsync()
    {
        Npm = await NpmPackages.InstallAsync();
        _turn = await MachineTurn.TakeAsync();
        var builder = await TestApplication.CreateStackAsync([
            .. HasSimulator ? Array.Empty<string>() : ["--no-simulator"],
            $"--Parameters:admin-key={AdminKey}",
            $"--Parameters:cluster-secret={ClusterSecret}",
            .. MoreArguments,
        ]);
        Arrange(builder);
        _app = await builder.StartAsync("matching", "api-1", "api-2", "postgres-replica", "console");
        using var deadline = new CancellationTokenSource(StartDeadline);
        Api = ClientOf("api-1", "api-2");
        Journal = new Journal(await _app.ConnectionAsync("foresight"));
        Chain = EthereumClient.OfEndpoint(Http, _app.GetEndpoint("chain"));
        Venue = (await Api.GetAsync<ChainView>("chain", deadline.Token))!;
        Signer = new OrderSigner(Venue.ChainId);
        var listed = await Api.GetAsync<Page<MarketView>>("markets?limit=500", deadline.Token);
        Markets = [.. listed!.Items.OrderBy(market => market.Id).Select(TradedMarket.From)];

        await FundAsync(FundingPlan.For(Traders, Markets));
    }

    public virtual async Task DisposeAsync()
    {
        if (Journal is not null)
            await Journal.DisposeAsync();
        // Given back even if the application does not end well, because the tests of the next stack would wait for ever.
        using (_turn)
            if (_app is not null)
                await _app.DisposeAsync();
        Http.Dispose();
    }

    /// <summary>Returns when the exchange has seen what they were given.</summary>
    public async Task FundAsync(IReadOnlyList<TraderFunds> plan)
    {
        using var deadline = new CancellationTokenSource(StartDeadline);
        var funding = new TraderFunding(Chain, PrivateKey.Parse(FaucetKey), Venue, Api, TimeProvider.System);
        await funding.FundAsync(plan, deadline.Token);
        await funding.WaitUntilSeenAsync(plan, deadline.Token);
    }

    public string ApiUrl(int node) => App.GetEndpoint($"api-{node}").ToString();

    public ForesightClient ApiOfNode(int node) => ClientOf($"api-{node}");

    public string KeyOf(Trader trader) => Keccak256.HashText(Trader.PhraseOf(TraderSeed, Traders.ToList().IndexOf(trader) + 1)).ToString();

    public Task<LoadReport> RunLoadAsync(IOrderFlow flow, LoadStatistics statistics, CancellationToken stop, HttpClient? http = null)
    {
        var api = new ForesightClient(
            http ?? SimulatorExtensions.NewHttpClient(256),
            NodesOf("api-1", "api-2"),
            TimeProvider.System,
            statistics.OnFault
        );
        var options = new LoadOptions(MaxInFlight: 1000, DrainTimeout: TimeSpan.FromSeconds(30), Adapt: true);
        return new LoadGenerator(api, Signer, flow, statistics, options, TimeProvider.System).RunAsync(stop);
    }

    /// <summary>Uses the admin key, because the internal address is visible to administrators only.</summary>
    public async Task<Leader> LeaderAsync()
    {
        var status = await GetAsAdminAsync<ClusterStatus>("cluster/status");
        var leader = status.Leader ?? throw new HttpRequestException("nobody leads at the moment");
        // After a restart of an empty Redis the lease appears before the nodes, because the leader renews it more often than it
        // announces itself.
        var node =
            status.Nodes.FirstOrDefault(n => n.NodeId == leader.NodeId)
            ?? throw new HttpRequestException($"{leader.NodeId} leads and has not announced itself yet");
        return new Leader(leader.NodeId, leader.Address, leader.Epoch, node.ProcessId);
    }

    public async Task<T> GetAsAdminAsync<T>(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(ApiUrl(1)), path));
        request.Headers.Authorization = new("Bearer", AdminKey);
        using var response = await Http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<T>())!;
    }

    public Task WaitUntilTradingAsync() =>
        Eventually.TrueAsync(
            "an active leader",
            TradingDeadline,
            async () =>
            {
                var leader = await LeaderAsync();
                return (await GatewayAsync<MatchingNodeStatus>(leader, "gateway/status")) is { State: "active" };
            }
        );

    public async Task<T> GatewayAsync<T>(Leader leader, string path)
    {
        using var node = ProvenHttp.Of(ClusterSecret);
        using var response = await node.GetAsync(new Uri(new Uri(leader.Address), path));
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<T>())!;
    }

    public async Task AssertJournalIsSoundAsync()
    {
        await WaitUntilTradingAsync();
        var live = await GatewayAsync<StateDigest>(await LeaderAsync(), "gateway/state");
        var database = (await App.GetConnectionStringAsync("foresight"))!;
        var replayed = await MatchingVerb.ReplayAsync(database, live.Sequence);
        Assert.Equal((live.Sequence, live.StateHash), (replayed.Sequence, replayed.StateHash));
        await MatchingVerb.CheckAsync(database);
    }

    public async Task BringBackAsync(string nodeId)
    {
        await App
            .ResourceNotifications.WaitForResourceAsync(
                "matching",
                seen => seen.ResourceId == nodeId && KnownResourceStates.TerminalStates.Contains(seen.Snapshot.State?.Text)
            )
            .WaitAsync(TradingDeadline);
        await App.ExecuteAsync(nodeId, KnownResourceCommands.StartCommand);
        await App
            .ResourceNotifications.WaitForResourceAsync(
                "matching",
                seen => seen.ResourceId == nodeId && seen.Snapshot.HealthStatus == HealthStatus.Healthy
            )
            .WaitAsync(TradingDeadline);
    }

    public async Task<string> BooksAsync()
    {
        var books = new List<string>();
        foreach (var market in Markets)
        {
            for (var outcome = 0; outcome < market.Outcomes; outcome++)
            {
                var depth = await Api.GetAsync<DepthView>(
                    $"markets/{market.Id}/depth?outcome={outcome}&levels=100",
                    CancellationToken.None
                );
                books.Add($"{market.Id}:{outcome} {string.Join(' ', depth!.Bids)} | {string.Join(' ', depth.Asks)}");
            }
        }

        return string.Join('\n', books);
    }

    private ForesightClient ClientOf(params string[] nodes) => new(Http, NodesOf(nodes), TimeProvider.System);

    private ApiNodes NodesOf(params string[] nodes) => new([.. nodes.Select(node => App.GetEndpoint(node))]);
}

public sealed record Leader(string NodeId, string Address, long Epoch, int ProcessId);
