using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Cluster.Tests;

/// <summary>Redis and Postgres are real here, because the directory reads Postgres only where Redis cannot be believed.</summary>
[Collection(ServersCollection.Name)]
[Trait("Category", "Trust")]
public sealed class LeaderDirectoryTests(Servers servers) : IAsyncLifetime
{
    private const string Resource = "a resource of this test";

    private static readonly string Key = LeaderDirectory.LeaseKey(Resource);

    private readonly StoppedClock _clock = new();
    private readonly SignedHints _leader = TestHints.Of(nodeId: "leader");
    private readonly CountedHints _refused = new();
    private readonly Guid _token = Guid.NewGuid();
    private RedisClient _redis = null!;
    private NpgsqlDataSource _database = null!;
    private LeaderDirectory _leaders = null!;

    public async Task InitializeAsync()
    {
        _redis = new RedisClient(servers.Redis, $"{Guid.NewGuid():N}:");
        var connection = await servers.CreateDatabaseAsync();
        _database = NpgsqlDataSource.Create(connection);
        _leaders = new LeaderDirectory(
            _redis.Database,
            TestHints.Of(meters: _refused),
            new LeaderRows(_database),
            _redis.Broadcast,
            _clock,
            NullLogger<LeaderDirectory>.Instance
        );
    }

    public async Task DisposeAsync()
    {
        _redis.Dispose();
        _refused.Dispose();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task ARecordInRedis_IsBelieved_AskingPostgresOnceForItsTerm()
    {
        await TakeAsync("a", 1);
        await ShowAsync("a", 1);
        Assert.Equal("a", await LeaderAsync());
        await ExecuteAsync("ALTER TABLE leadership RENAME TO not_there");
        await ShowAsync("a", 1, duration: 7_000);
        await PassAsync();
        Assert.Equal(7_000, (await _leaders.FindAsync(Resource))?.DurationMs);
    }

    /// <summary>Any node can sign: an Api node that was broken into would have other nodes' orders sent to itself.</summary>
    [Theory]
    [InlineData("6", 1, "https://127.0.0.1:1", true)]
    [InlineData("a", 1, "https://127.0.0.1:6", true)]
    [InlineData("a", 2, "https://127.0.0.1:1", true)]
    [InlineData("6", 9, "https://127.0.0.1:6", true)]
    [InlineData("a", 1, "https://127.0.0.1:1", false)]
    public async Task ASignedRecord_OfATermThatPostgresDoesNotName_IsPassedOver(string node, long epoch, string address, bool hasToken)
    {
        await TakeAsync("a", 1);
        for (var look = 0; look < 3; look++)
        {
            await ShowAsync(node, epoch, address: address, token: hasToken ? _token : Guid.NewGuid());
            await PassAsync();
            var found = await _leaders.FindAsync(Resource);
            Assert.Equal(
                ("a", 1, "https://127.0.0.1:1", LeaseRecord.NameOf(_token)),
                (found?.NodeId, found?.Epoch, found?.Address, found?.Token)
            );
        }

        Assert.Equal(3, _refused[HintKinds.Lease, "implausible"]);
    }

    [Fact]
    public async Task ASignedRecord_WhilePostgresIsAway_MovesNothing()
    {
        await TakeAsync("a", 1);
        Assert.Equal("a", await LeaderAsync());
        await ExecuteAsync("ALTER TABLE leadership RENAME TO not_there");
        await ShowAsync("6", 9);
        await PassAsync();
        Assert.Equal("a", await LeaderAsync());
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("{}")]
    [InlineData("""{"nodeId":"ghost","address":"http://6.6.6.6","token":"00000000-0000-0000-0000-000000000001","epoch":9}""")]
    public async Task AValueThatNoNodeSigned_IsPassedOver_ForWhatPostgresSays(string forged)
    {
        await TakeAsync("a", 1);
        await _redis.Database.StringSetAsync(Key, forged);
        Assert.Equal("a", await LeaderAsync());
    }

    [Fact]
    public async Task AKeyOfAnotherTypeOrNone_IsPassedOver_ForWhatPostgresSays()
    {
        await TakeAsync("a", 1);
        Assert.Equal("a", await LeaderAsync());
        await _redis.Database.ListLeftPushAsync(Key, "x");
        await PassAsync();
        Assert.Equal("a", await LeaderAsync());
    }

    [Fact]
    public async Task ALeaseThatHasEndedOrWasGivenBack_IsNobodys()
    {
        await TakeAsync("a", 1);
        await ExecuteAsync("UPDATE leadership SET renewed_at = clock_timestamp() - interval '5001 milliseconds'");
        Assert.Null(await LeaderAsync());
        await ExecuteAsync("UPDATE leadership SET renewed_at = NULL");
        await PassAsync();
        Assert.Null(await LeaderAsync());
    }

    [Fact]
    public async Task ARecordOlderThanItsLease_IsPassedOver()
    {
        await TakeAsync("a", 1);
        await ExecuteAsync("UPDATE leadership SET renewed_at = NULL");
        await ShowAsync("a", 1, age: TimeSpan.FromSeconds(5.5));
        Assert.Null(await LeaderAsync());
        await TakeAsync("b", 2);
        await PassAsync();
        Assert.Equal("b", await LeaderAsync());
    }

    /// <summary>
    /// A genuine record of the leader before, written back all the time within its lifetime, must cost no more than one round trip.
    /// </summary>
    [Fact]
    public async Task ARecordOfAnEarlierTerm_IsPassedOver_OnceItHasProvedWrong()
    {
        await TakeAsync("a", 1);
        await ShowAsync("a", 1);
        var old = await _redis.Database.StringGetAsync(Key);
        Assert.Equal("a", await LeaderAsync());
        await TakeAsync("b", 2);
        _leaders.Forget(Resource);
        Assert.Equal("b", await LeaderAsync());
        for (var look = 0; look < 5; look++)
        {
            await _redis.Database.StringSetAsync(Key, old);
            await PassAsync();
            Assert.Equal("b", await LeaderAsync());
        }
    }

    /// <summary>The look may have found the very thing that proved wrong meanwhile, or been answered before it changed.</summary>
    [Fact]
    public async Task ADoubtThatComesDuringALook_IsNotForgotten_WhenTheLookEnds()
    {
        await TakeAsync("a", 1);
        await ShowAsync("a", 1);
        Assert.Equal("a", await LeaderAsync());
        await TakeAsync("b", 2);
        _clock.OnceAsked = () => _leaders.Forget(Resource);
        Assert.Equal("a", (await _leaders.RefreshAsync(Resource))?.NodeId);
        Assert.Null(_clock.OnceAsked);
        Assert.Equal("b", await LeaderAsync());
    }

    [Fact]
    public async Task AReadingThatIsDiscardedDuringALook_IsNotBelievedAgain_WhenTheLookEnds()
    {
        await TakeAsync("a", 1);
        await ShowAsync("a", 1);
        Assert.Equal("a", await LeaderAsync());
        await TakeAsync("b", 2);
        _clock.OnceAsked = () => _leaders.Discard(Resource);
        Assert.Equal("a", (await _leaders.RefreshAsync(Resource))?.NodeId);
        Assert.Null(_clock.OnceAsked);
        Assert.Equal("b", await LeaderAsync());
    }

    /// <summary>Which takes a second to time out: an order is sent to the last known leader meanwhile.</summary>
    [Fact]
    public async Task AnOldReading_IsReturnedAtOnce_AndRefreshedMeanwhile()
    {
        await TakeAsync("a", 1);
        Assert.Equal("a", await LeaderAsync());
        await ExecuteAsync("UPDATE leadership SET node_id = 'b', epoch = 2");
        _clock.Passed += TimeSpan.FromSeconds(1);
        Assert.Equal("a", await LeaderAsync());
        await Eventually.TrueAsync("the new leader is known", Eventually.Patience, async () => await LeaderAsync() == "b");
    }

    [Fact]
    public async Task WithoutPostgres_TheLastKnownHolderIsReturned()
    {
        await TakeAsync("a", 1);
        Assert.Equal("a", await LeaderAsync());
        await ExecuteAsync("ALTER TABLE leadership RENAME TO not_there");
        await PassAsync();
        Assert.Equal("a", await LeaderAsync());
    }

    [Fact]
    public async Task ANotice_EndsAReadingThatItContradicts_OnceASecond()
    {
        await TakeAsync("a", 1);
        Assert.Equal("a", await LeaderAsync());
        await ExecuteAsync("UPDATE leadership SET node_id = 'b', epoch = 2");

        _leaders.Notice(Resource, "a", 1, isLeader: true);
        _leaders.Notice(Resource, "c", 7, isLeader: false);
        _leaders.Notice("no resource", "b", 2, isLeader: true);
        Assert.Equal("a", await LeaderAsync());
        _leaders.Notice(Resource, "b", 2, isLeader: true);
        Assert.Equal("b", await LeaderAsync());

        await ExecuteAsync("UPDATE leadership SET node_id = 'c', epoch = 3");
        for (var epoch = 3; epoch < 200; epoch++)
            _leaders.Notice(Resource, "forged", epoch, isLeader: true);
        Assert.Equal("b", await LeaderAsync());
        await PassAsync();
        Assert.Equal("c", await LeaderAsync());
    }

    /// <summary>A second must pass, because the directory looks again only then.</summary>
    private async Task PassAsync()
    {
        _clock.Passed += TimeSpan.FromSeconds(1);
        await _leaders.RefreshAsync(Resource);
    }

    private async Task<string?> LeaderAsync() => (await _leaders.FindAsync(Resource))?.NodeId;

    /// <param name="token">That of the fence; null: of the term that <see cref="TakeAsync"/> begins.</param>
    private Task ShowAsync(
        string node,
        long epoch,
        TimeSpan age = default,
        string address = "https://127.0.0.1:1",
        Guid? token = null,
        int duration = 5_000
    )
    {
        var record = new LeaseRecord(
            node,
            address,
            LeaseRecord.NameOf(token ?? _token),
            epoch,
            DateTimeOffset.UnixEpoch,
            DateTimeOffset.UtcNow - age,
            duration
        );
        return _redis.Database.StringSetAsync(Key, _leader.Sign(Key, record));
    }

    private Task TakeAsync(string node, long epoch) =>
        ExecuteAsync(
            $"""
            INSERT INTO leadership (resource, epoch, token, node_id, address, renewed_at)
            VALUES ('{Resource}', {epoch}, '{_token}', '{node}', 'https://127.0.0.1:1', clock_timestamp())
            ON CONFLICT (resource) DO UPDATE SET epoch = excluded.epoch, node_id = excluded.node_id, renewed_at = excluded.renewed_at
            """
        );

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private sealed class StoppedClock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        /// <summary>Runs at the next reading of the clock: in the midst of a look, which notes when it ended.</summary>
        public Action? OnceAsked { get; set; }

        public override long GetTimestamp()
        {
            var once = OnceAsked;
            OnceAsked = null;
            once?.Invoke();
            return Passed.Ticks;
        }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }
}
