using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Bench.Failover;

/// <summary>Each node has its own connections to the stores, so that a fault can break those of one node alone.</summary>
internal sealed class FaultCluster : IAsyncDisposable
{
    public const int Markets = 20;
    public const int Accounts = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, string?> _settings;
    private readonly RedisClient _redis;
    private readonly LeaderDirectory _leaders;
    private readonly NodeRegistry _registry;
    private readonly ConcurrentDictionary<string, Member> _members = new();
    private readonly bool _proxyPostgres;

    private FaultCluster(TestStores stores, string connection, LeaseOptions lease, bool proxyPostgres)
    {
        Stores = stores;
        Connection = connection;
        Lease = lease;
        Database = NpgsqlDataSource.Create(connection);
        _proxyPostgres = proxyPostgres;
        _settings = new Dictionary<string, string?>
        {
            ["REDIS_KEY_PREFIX"] = $"{Guid.NewGuid():N}:",
            ["CLUSTER_SECRET"] = "a secret of this run",
            ["LEASE_FAST_PATH"] = lease.CrashFastPath ? "true" : "false",
            ["LEASE_TTL_MS"] = Milliseconds(lease.LeaseDuration),
            ["LEASE_RENEW_MS"] = Milliseconds(lease.RenewInterval),
            ["LEASE_POLL_MS"] = Milliseconds(lease.PollInterval),
        };
        if (stores.Standby is not null)
            _settings["DATABASE_REPLICA_1_URL"] = StandbyConnection;
        _redis = new RedisClient(stores.Redis, _settings["REDIS_KEY_PREFIX"]!, _settings["CLUSTER_SECRET"]!);
        var hints = TestHints.Of(_settings["CLUSTER_SECRET"]!);
        _leaders = new LeaderDirectory(
            _redis.Database,
            hints,
            new LeaderRows(Database),
            _redis.Broadcast,
            TimeProvider.System,
            NullLogger<LeaderDirectory>.Instance
        );
        _registry = new NodeRegistry(_redis.Database, hints, new NoNotices(), TimeProvider.System, NullLogger<NodeRegistry>.Instance);
        Router = new LeaderRouter(
            _leaders,
            new NodeProof(new ClusterKeys(_settings["CLUSTER_SECRET"]!), "bench", NodeKinds.Matching),
            TimeProvider.System,
            NullLogger<LeaderRouter>.Instance
        );
    }

    public TestStores Stores { get; }
    public LeaseOptions Lease { get; }

    public string Connection { get; }

    public string StandbyConnection => Stores.StandbyOf(Connection);

    public NpgsqlDataSource Database { get; private set; }

    public LeaderRouter Router { get; }

    public IEnumerable<Member> Members => _members.Values;

    public static async Task<FaultCluster> StartAsync(TestStores stores, LeaseOptions lease, bool proxyPostgres)
    {
        var cluster = new FaultCluster(stores, await stores.CreateDatabaseAsync(), lease, proxyPostgres);
        await CreateMarketsAsync(cluster.Database, Markets);
        await CommitFreeze.InstallAsync(cluster.Database);
        await cluster.StartNodesAsync(["n1", "n2", "n3"]);
        foreach (
            var result in await new TraderAndChain(cluster.Router, cluster.Database).SendAsync([
                .. Enumerable.Range(1, Accounts).Select(account => Traders.Fund(account)),
            ])
        )
            if (result.Status != ResultStatus.Accepted)
                throw new InvalidOperationException($"funding was answered {result.Status} {result.Code}");
        return cluster;
    }

    public static async Task<FaultCluster> OverAsync(TestStores stores, string connection, IReadOnlyList<string> names)
    {
        var cluster = new FaultCluster(stores, connection, new LeaseOptions(), proxyPostgres: false);
        await cluster.StartNodesAsync(names);
        return cluster;
    }

    public static async Task CreateMarketsAsync(NpgsqlDataSource database, int count)
    {
        await using var list = database.CreateCommand(
            $"""
            {SignOfLife.Sql}
            INSERT INTO markets (market_id, address, question, outcomes, tick_size)
            SELECT n, decode(lpad(to_hex(n), 40, '0'), 'hex'), 'Will it?', ARRAY['yes', 'no'], 1 FROM generate_series(1, {count}) n
            """
        );
        await list.ExecuteNonQueryAsync();
    }

    private async Task StartNodesAsync(IReadOnlyList<string> names)
    {
        await Router.StartAsync(CancellationToken.None);
        foreach (var name in names)
            await StartNodeAsync(name);
        await AllStandByAsync();
    }

    public async Task StartNodeAsync(string name)
    {
        if (_members.TryRemove(name, out var old))
            await old.DisposeAsync();
        _members[name] = new Member(name, _settings, Stores.Redis, Connection, _proxyPostgres);
    }

    public Task AllStandByAsync() =>
        UntilAsync(
            "all nodes stand by",
            async () =>
            {
                var known = await _registry.ListAsync();
                return known.Count == _members.Count
                    && known.All(node => _members.TryGetValue(node.NodeId, out var member) && member.Process.Id == node.ProcessId)
                    && known.Count(node => node.State == "active") == 1
                    && known.Count(node => node.State == "follower") == _members.Count - 1;
            }
        );

    public async Task<Member> LeaderAsync()
    {
        Member? found = null;
        await UntilAsync(
            "one node leads",
            async () =>
            {
                _leaders.Forget(LeasedResources.Matching);
                return await _leaders.FindAsync(LeasedResources.Matching) is { } holder
                    && _members.TryGetValue(holder.NodeId, out found)
                    && await _registry.FindAsync(holder.NodeId) is { State: "active" };
            }
        );
        return found!;
    }

    public async Task<bool> FollowsSinceAsync(string name, DateTimeOffset since) =>
        await _registry.FindAsync(name) is { State: "follower" } node && node.HeartbeatAt >= since;

    public async Task<long> EpochAsync()
    {
        await using var command = Database.CreateCommand("SELECT epoch FROM leadership WHERE resource = $1");
        command.Parameters.AddWithValue(LeasedResources.Matching);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public Task NextEpochAsync(long before) => UntilAsync("another node takes the next epoch", async () => await EpochAsync() > before);

    public async Task<long> LastSequenceAsync()
    {
        await using var command = Database.CreateCommand("SELECT max(sequence) FROM commands");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public void GoOnAtStandby()
    {
        Database.Dispose();
        Database = NpgsqlDataSource.Create(StandbyConnection);
    }

    public Task DeleteLeaseAsync() => _redis.Database.KeyDeleteAsync(LeaseKey);

    public async Task ForgeLeaseAsync(Member by)
    {
        var node = await _registry.FindAsync(by.Name) ?? throw new InvalidOperationException($"{by.Name} is not registered");
        var now = DateTimeOffset.UtcNow;
        var forged = new LeaseRecord(node.NodeId, node.Address, Guid.NewGuid(), await EpochAsync() + 1, now, now);
        await _redis.Database.StringSetAsync(LeaseKey, JsonSerializer.Serialize(forged, JsonSerializerOptions.Web));
    }

    public async Task<string> PhasesAsync()
    {
        await using var command = Database.CreateCommand(
            """
            SELECT coalesce(string_agg(p.key || ' ' || round(p.value::numeric), ', ' ORDER BY p.value::numeric), '') FROM jsonb_each_text(
                (SELECT phases FROM leadership_history WHERE resource = $1 ORDER BY epoch DESC LIMIT 1)) p
            """
        );
        command.Parameters.AddWithValue(LeasedResources.Matching);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public async Task<StateDigest> ProofAsync()
    {
        StateDigest? proof = null;
        await UntilAsync("the leader proves its state", async () => (proof = await Router.LeaderStateAsync()) is not null);
        return proof!;
    }

    /// <summary>The polled store may just have been broken, so errors and timeouts are retried.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            Exception? silent = null;
            try
            {
                if (await holds())
                    return;
            }
            catch (Exception error) when (error is RedisException or NpgsqlException or TimeoutException)
            {
                silent = error;
            }

            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new TimeoutException($"waited {Patience.TotalSeconds} s in vain: {what}", silent);
            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members.Values)
            await member.DisposeAsync();
        await Router.StopAsync(CancellationToken.None);
        Router.Dispose();
        _redis.Dispose();
        await Database.DisposeAsync();
    }

    private static RedisKey LeaseKey => LeaderDirectory.LeaseKey(LeasedResources.Matching);

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);

    internal sealed class Member : IAsyncDisposable
    {
        public Member(string name, IReadOnlyDictionary<string, string?> shared, string redis, string database, bool proxyPostgres)
        {
            Name = name;
            var (host, port) = PlaceOf(redis);
            Redis = new TcpProxy(host, port);
            var connection = new NpgsqlConnectionStringBuilder(database);
            if (proxyPostgres)
            {
                Postgres = new TcpProxy(connection.Host!, connection.Port);
                (connection.Host, connection.Port) = ("127.0.0.1", Postgres.Port);
            }

            Process = new NodeProcess(
                name,
                new Dictionary<string, string?>(shared)
                {
                    ["ConnectionStrings:redis"] = Redis.Redis(redis),
                    ["ConnectionStrings:foresight"] = connection.ConnectionString,
                }
            );
        }

        public string Name { get; }
        public NodeProcess Process { get; }
        public TcpProxy Redis { get; }

        public TcpProxy? Postgres { get; }

        public async ValueTask DisposeAsync()
        {
            await Process.DisposeAsync();
            await Redis.DisposeAsync();
            if (Postgres is not null)
                await Postgres.DisposeAsync();
        }

        private static (string Host, int Port) PlaceOf(string redis)
        {
            var parts = redis.Split(',')[0].Split(':');
            return (parts[0], int.Parse(parts[1]));
        }
    }
}
