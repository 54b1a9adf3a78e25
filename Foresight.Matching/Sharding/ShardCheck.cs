using Foresight.Matching.Leadership;
using Foresight.ServiceDefaults.Hosting;
using Npgsql;

namespace Foresight.Matching.Sharding;

/// <summary>
/// Until the database has confirmed the number of shards, the node bids for no lease: the database may answer a bid first. A node with
/// another number than the database's is stopped.
/// </summary>
internal sealed partial class ShardCheck(
    ShardOptions options,
    NpgsqlDataSource primary,
    LeadershipGate gate,
    TimeProvider clock,
    IHostApplicationLifetime lifetime,
    ILogger<ShardCheck> logger
) : BackgroundService
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await TryAsync(cancellationToken))
            return;
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            while (!await TryAsync(stopping))
                await Task.Delay(RetryInterval, clock, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The process stops before the database has answered, so there is nothing to compare.
        }
        catch (SettingException wrong)
        {
            // Host start does not wait for this check any more, so it logs what would otherwise have failed the start.
            Log.Wrong(logger, wrong.Message);
            Environment.ExitCode = SettingException.ExitCode;
            lifetime.StopApplication();
        }
    }

    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            options.Require(await ShardStore.ReadAsync(primary, cancellationToken));
            gate.Open();
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            Log.NotAsked(logger, error.Message);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Critical, "{Reason} Stopping this node.")]
        public static partial void Wrong(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Debug, "Number of shards cannot be read from the database yet: {Reason}")]
        public static partial void NotAsked(ILogger logger, string reason);
    }
}
