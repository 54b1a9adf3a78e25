using Foresight.Protocol;
using Npgsql;

namespace Foresight.Api.Tests.Stack;

/// <summary>
/// A node that hears no sign of life reads the journal, so one is sent in place of shard 0's leader, in the epoch that the journal has.
/// </summary>
internal sealed class LeaderOfTest : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly RedisClient _redis;
    private readonly NpgsqlDataSource _database;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _running;

    public LeaderOfTest(RedisClient redis, NpgsqlDataSource database)
    {
        (_redis, _database) = (redis, database);
        _running = RunAsync();
    }

    public bool IsHeard { get; set; } = true;

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running;
        _redis.Dispose();
        _ending.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
                if (IsHeard && await EpochAsync() is { } epoch)
                    _redis.Broadcast.Publish(Channels.Orders, new OrdersMessage(epoch, 0, []));
        }
        catch (OperationCanceledException)
        {
            // Expected: the stack ends.
        }
    }

    /// <summary>Null while Postgres is away, because tests kill it.</summary>
    private async Task<long?> EpochAsync()
    {
        try
        {
            await using var command = _database.CreateCommand("SELECT max(epoch) FROM commands");
            return (long?)await command.ExecuteScalarAsync(_ending.Token);
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }
}
