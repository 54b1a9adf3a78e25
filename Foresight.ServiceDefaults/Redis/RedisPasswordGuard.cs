using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

/// <summary>
/// A server may accept a password and need none: then anybody who reaches it can read and delete what the nodes keep there. Such a server
/// ends the start. One that is found so later is reported, and no more: nothing that a server does may end or stop a running node.
/// </summary>
public sealed partial class RedisPasswordGuard(RedisSettings settings, TimeProvider clock, ILogger<RedisPasswordGuard> logger)
    : BackgroundService,
        IHealthCheck
{
    /// <summary>A changed password or user cuts no connection, so it is looked at again and again.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private volatile bool _isOpen;

    /// <exception cref="SettingException">The server answers without a password.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await IsOpenAsync() == true)
            throw new SettingException(
                "The Redis server needs no password for its default user. Outside development such a server is refused: turn the default "
                    + "user off (ACL SETUSER default off), or give it a password."
            );
        await base.StartAsync(cancellationToken);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            _isOpen
                ? new HealthCheckResult(context.Registration.FailureStatus, "The Redis server needs no password.")
                : HealthCheckResult.Healthy()
        );

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await CheckAsync();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host is stopping.
        }
    }

    /// <summary>What is not known stays as it was.</summary>
    public async Task CheckAsync()
    {
        if (await IsOpenAsync() is not { } isOpen || isOpen == _isOpen)
            return;
        _isOpen = isOpen;
        if (isOpen)
            Log.NeedsNoPassword(logger);
        else
            Log.NeedsPassword(logger);
    }

    /// <summary>Null if the server cannot be reached, or its answer does not show it.</summary>
    private async Task<bool?> IsOpenAsync()
    {
        var options = settings.Options();
        (options.User, options.Password) = (null, null);
        options.AbortOnConnectFail = true;
        try
        {
            await using var anonymous = await ConnectionMultiplexer.ConnectAsync(options);
            // PING would also pass for a default user that may do nothing else.
            await anonymous.GetDatabase().KeyExistsAsync(settings.KeyPrefix);
            return true;
        }
        catch (RedisConnectionException error) when (error.FailureType == ConnectionFailureType.AuthenticationFailure)
        {
            return false;
        }
        catch (RedisException error) when (IsRefusal(error))
        {
            return false;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            return null;
        }
    }

    private static bool IsRefusal(RedisException error) =>
        error.Message.Contains("NOAUTH", StringComparison.Ordinal) || error.Message.Contains("NOPERM", StringComparison.Ordinal);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Critical, "Redis: the server needs no password. Anyone who reaches it can read and delete what is there.")]
        public static partial void NeedsNoPassword(ILogger logger);

        [LoggerMessage(LogLevel.Information, "Redis: the server needs a password again.")]
        public static partial void NeedsPassword(ILogger logger);
    }
}
