using Foresight.ServiceDefaults.Hosting;
using Npgsql;

namespace Foresight.Matching.Sharding;

/// <summary>
/// Stops a node whose number of shards differs from the database's, at start or as soon as the database answers. Until then the node cannot
/// take a term either.
/// </summary>
internal sealed partial class ShardCheck(
    ShardOptions options,
    NpgsqlDataSource primary,
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
            // The process is stopping and the database has not answered yet.
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
