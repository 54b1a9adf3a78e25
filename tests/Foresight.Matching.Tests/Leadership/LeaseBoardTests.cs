using Foresight.Cluster;
using Foresight.Matching.Leadership;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.Leadership;

[Collection(StoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class LeaseBoardTests : IDisposable
{
    private const string Resource = "thing";
    private static readonly string Key = LeaderDirectory.LeaseKey(Resource);

    private readonly RedisClient _redis;
    private readonly RedisLeaseBoard _board;
    private readonly LeaseRecord _mine = Record("a");
    private readonly LeaseRecord _theirs = Record("b");

    public LeaseBoardTests(StoresFixture stores)
    {
        _redis = new RedisClient(stores.Redis, $"{Guid.NewGuid():N}:");
        _board = new RedisLeaseBoard(
            _redis.Database,
            TestHints.Of(),
            _redis.Broadcast,
            TimeProvider.System,
            NullLogger<RedisLeaseBoard>.Instance
        );
    }

    public void Dispose() => _redis.Dispose();

    [Fact]
    public async Task ARecord_IsSigned_AndExpiresWithTheLease()
    {
        Assert.Equal(_mine.Token, (await ShownAsync(_mine))!.Token);
        Assert.InRange((await _redis.Database.KeyTimeToLiveAsync(Key))!.Value, TimeSpan.FromSeconds(3), _mine.Duration);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"token\":\"forged\"}")]
    [InlineData("[1]")]
    [InlineData("")]
    public async Task WhateverStandsThere_IsReplacedByTheHolder(string forged)
    {
        await _redis.Database.StringSetAsync(Key, forged);
        Assert.Equal(_mine.Token, (await ShownAsync(_mine))!.Token);
        Assert.Equal(_theirs.Token, (await ShownAsync(_theirs))!.Token);
    }

    [Fact]
    public async Task AKeyOfAnotherType_IsReplaced_AndWithdrawn()
    {
        await ForgeAsync();
        Assert.Equal(_mine.Token, (await ShownAsync(_mine))!.Token);
        await ForgeAsync();
        await _board.WithdrawAsync(Resource, _mine);
        Assert.False(await _redis.Database.KeyExistsAsync(Key));

        async Task ForgeAsync()
        {
            await _redis.Database.KeyDeleteAsync(Key);
            await _redis.Database.HashSetAsync(Key, "token", "forged");
        }
    }

    [Fact]
    public async Task AWithdrawal_TouchesOnlyItsOwnRecord()
    {
        await ShownAsync(_theirs);
        await _board.WithdrawAsync(Resource, _mine);
        Assert.True(await _redis.Database.KeyExistsAsync(Key));
        await _board.WithdrawAsync(Resource, _theirs);
        Assert.False(await _redis.Database.KeyExistsAsync(Key));
    }

    private async Task<LeaseRecord?> ShownAsync(LeaseRecord record)
    {
        _board.Show(Resource, record);
        // Redis executes a connection's commands in order, so the record is there although nothing has waited for it.
        var value = await _redis.Database.StringGetAsync(Key);
        return TestHints.Of().Read<LeaseRecord>(HintKinds.Lease, Key, value, record.Duration);
    }

    private static LeaseRecord Record(string nodeId) =>
        new(nodeId, "https://127.0.0.1:1", Guid.NewGuid(), 1, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
}
