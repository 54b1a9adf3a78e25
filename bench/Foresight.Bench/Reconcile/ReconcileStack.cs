using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Npgsql;

namespace Foresight.Bench.Reconcile;

internal sealed class ReconcileStack : IAsyncDisposable
{
    public const long ChainId = 31337;

    /// <summary>First account of the development chain. Its key is public, so it is no secret.</summary>
    public const string OperatorKey = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly TestStores _servers;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly HttpNodeClient _transport;
    private readonly Dictionary<string, string?> _settings;

    private ReconcileStack(TestStores servers)
    {
        _servers = servers;
        Database = NpgsqlDataSource.Create(servers.Postgres);
        _transport = new HttpNodeClient(_http, servers.Chain, TimeSpan.FromMinutes(1));
        Client = new EthereumClient(_transport);
        _settings = new Dictionary<string, string?>
        {
            ["DATABASE_URL"] = servers.Postgres,
            ["REDIS_URL"] = servers.Redis,
            ["RPC_URL"] = servers.Chain.ToString(),
            ["OPERATOR_KEY"] = OperatorKey,
            ["MARKETS"] = "1",
            ["CLUSTER_SECRET"] = Guid.NewGuid().ToString(),
            ["RECONCILIATION_INTERVAL_MS"] = "86400000",
        };
    }

    public NpgsqlDataSource Database { get; }

    public EthereumClient Client { get; }

    public Deployment Deployment { get; private set; } = null!;

    public static async Task<ReconcileStack> StartAsync()
    {
        var stack = new ReconcileStack(await TestStores.StartAsync(chain: "--gas-limit 300000000"));
        await using (var setup = new NodeProcess("setup", stack._settings, arguments: "setup"))
        {
            await setup.EndedAsync(StartTimeout);
            if (setup.ExitCode != 0)
                throw new InvalidOperationException($"The set-up step ended with {setup.ExitCode}.\n{setup.Output}");
        }

        stack.Deployment = (await Deployment.ReadAsync(stack.Database, ChainId, CancellationToken.None))!;
        return stack;
    }

    public NodeProcess StartNode(string name) => new(name, _settings);

    public async Task RequestAsync(string method, params System.Text.Json.Nodes.JsonNode?[] parameters) =>
        await Client.RequestAsync(new RpcRequest(method, parameters));

    /// <summary>In one HTTP request, so the node may execute them in any order.</summary>
    public async Task RequestAllAsync(IEnumerable<RpcRequest> requests)
    {
        foreach (var reply in await _transport.SendAsync([.. requests], CancellationToken.None))
            reply.Required();
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = Database.CreateCommand(sql);
        command.CommandTimeout = 120;
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Database.CreateCommand(sql);
        command.CommandTimeout = 120;
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Database.DisposeAsync();
        await _servers.DisposeAsync();
    }
}
