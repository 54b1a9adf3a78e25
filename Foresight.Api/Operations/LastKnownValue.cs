using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Api.Operations;

/// <param name="Value">Null if the source has never answered.</param>
/// <param name="Failure">Null if the source answers now.</param>
public sealed record KnownValue<T>(T? Value, DateTimeOffset? ReadAt, Exception? Failure)
    where T : class
{
    public bool IsFresh => Failure is null;

    public SourceView View => new(IsFresh ? SourceView.Up : SourceView.Down, ReadAt);
}

/// <summary>An outage of the source must show old data with its age instead of none.</summary>
/// <param name="what">Name of the data for the log, which has one line when the source fails and one when it recovers.</param>
public sealed class LastKnownValue<T>(string what, TimeSpan bound, TimeProvider clock, ILogger logger)
    where T : class
{
    private volatile KnownValue<T> _last = new(null, null, null);
    private volatile bool _isSilent;

    public async Task<KnownValue<T>> ReadAsync(Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        using var ending = new QueryTimeout(bound, clock, cancellationToken);
        try
        {
            // WaitAsync bounds the wait too, because not every client library honours its cancellation token.
            var value = await read(ending.Token).WaitAsync(bound, clock, cancellationToken);
            if (_isSilent)
                SourceLog.Speaks(logger, what);
            _isSilent = false;
            return _last = new KnownValue<T>(value, clock.GetUtcNow(), null);
        }
        catch (Exception error)
            when (error is RedisException or NpgsqlException or TimeoutException or OperationCanceledException
                && !cancellationToken.IsCancellationRequested
            )
        {
            if (!_isSilent)
                SourceLog.Silent(logger, what, error.Message);
            _isSilent = true;
            return _last with
            {
                Failure = error is OperationCanceledException ? new TimeoutException("It does not answer in time.", error) : error,
            };
        }
    }
}

internal static partial class SourceLog
{
    [LoggerMessage(LogLevel.Warning, "Failed to read {What}; returning the last known value as stale: {Reason}")]
    public static partial void Silent(ILogger logger, string what, string reason);

    [LoggerMessage(LogLevel.Information, "Reading {What} works again.")]
    public static partial void Speaks(ILogger logger, string what);
}
