using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>Reads again from time to time, because the primary's clock may be set, and a promoted server has another one.</summary>
public sealed class DatabaseClockWatch(NpgsqlDataSource primary, DatabaseClock clock) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
                await Task.Delay(await ReadAsync(stopping) ? Interval : RetryInterval, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Expected: the host is stopping.
        }
    }

    private async Task<bool> ReadAsync(CancellationToken stopping)
    {
        try
        {
            await using var connection = await primary.OpenConnectionAsync(stopping);
            await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
            var askedAt = clock.GetTimestamp();
            clock.Set((DateTime)(await command.ExecuteScalarAsync(stopping))!, askedAt);
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            // Not fatal, because the last reading goes on with the monotonic clock.
            return false;
        }
    }
}
