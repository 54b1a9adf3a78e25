using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Foresight.Cluster;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Gateway;
using Foresight.Matching.Loop;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Matching.Tests.Nodes;

internal sealed class TestNode : IAsyncDisposable
{
    private readonly WebApplication _app;

    private readonly LogLines _lines;

    private TestNode(WebApplication app, LogLines lines) => (_app, _lines) = (app, lines);

    public IReadOnlyCollection<string> Said => _lines.All;

    public NpgsqlDataSource Primary => _app.Services.GetRequiredService<NpgsqlDataSource>();

    public Uri Probes => new(_app.Urls.First());

    public NodePresence Presence => _app.Services.GetRequiredService<NodePresence>();
    public TraderAndChain Router => new(_app.Services.GetRequiredService<LeaderRouter>(), Primary);
    public LeaderDirectory Leaders => _app.Services.GetRequiredService<LeaderDirectory>();
    public NodeRegistry Nodes => _app.Services.GetRequiredService<NodeRegistry>();
    public IDatabase Redis => _app.Services.GetRequiredService<IDatabase>();
    public IMeterFactory Meters => _app.Services.GetRequiredService<IMeterFactory>();
    public IBroadcast Broadcast => _app.Services.GetRequiredService<IBroadcast>();

    /// <summary>
    /// Afterwards the gateway knows the markets, so that the next order's first question of Postgres is the matching loop's.
    /// </summary>
    public async Task KnowMarketsAsync() => await _app.Services.GetRequiredService<MarketDomains>().FindAsync(1, CancellationToken.None);

    /// <summary>As the program does by itself; here it would count among what a test has sent.</summary>
    public async Task WarmUpAsync()
    {
        using var warmup = ActivatorUtilities.CreateInstance<GatewayWarmup>(_app.Services);
        await warmup.StartAsync(CancellationToken.None);
        await warmup.ExecuteTask!.WaitAsync(Eventually.Patience);
    }

    public static Task<TestNode> StartAsync(string nodeId, TestCluster cluster) => StartAsync(nodeId, cluster.Settings);

    public static async Task<TestNode> StartAsync(
        string nodeId,
        Dictionary<string, string?> settings,
        TimeProvider? clock = null,
        IdleCores? cores = null,
        ChainEndpoint? chain = null
    )
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        var lines = new LogLines();
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddProvider(lines);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(settings) { ["NODE_ID"] = nodeId });
        // First, because the program adds the system's clock only if there is none.
        if (clock is not null)
            builder.Services.AddSingleton(clock);
        if (cores is not null)
            builder.Services.AddSingleton(cores);
        if (chain is not null)
            builder.Services.AddSingleton(chain);
        builder.AddServiceDefaults();
        builder.AddRedis(neededToBeReady: builder.Configuration.ClusterEnabled());
        builder.AddPostgres(useReplicas: false);
        builder.AddClusterNode("matching", initialState: "follower");
        builder.AddLeaderRouter();
        builder.AddGatewayListener();
        builder.AddMatching();
        var app = builder.Build();
        app.MapDefaultEndpoints();
        app.MapCommandGateway();
        app.AnnounceGateway();
        await app.StartAsync();
        return new TestNode(app, lines);
    }

    public Task ActiveAsync(TimeSpan? within = null) =>
        Eventually.TrueAsync(
            $"the node is active, and not {Presence.State}",
            within ?? Eventually.Patience,
            () => Presence.State == "active"
        );

    public async Task LeaseRenewedAsync(int times)
    {
        var seen = new HashSet<DateTime>();
        await Eventually.TrueAsync(
            $"the lease is renewed {times} times",
            Eventually.Patience,
            async () =>
            {
                await using var command = Primary.CreateCommand("SELECT renewed_at FROM leadership WHERE resource = $1");
                command.Parameters.AddWithValue(LeasedResources.Matching);
                if (await command.ExecuteScalarAsync() is DateTime renewedAt)
                    seen.Add(renewedAt);
                return seen.Count > times;
            }
        );
    }

    public async Task<StateDigest> ProofAsync() =>
        await Eventually.GetAsync("the leader proves its state", Eventually.Patience, () => Router.LeaderStateAsync());

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _all = new();

        public IReadOnlyCollection<string> All => _all;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel level) => level >= LogLevel.Warning;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> format)
        {
            if (IsEnabled(level))
                _all.Enqueue(format(state, error));
        }

        public void Dispose() { }
    }
}
