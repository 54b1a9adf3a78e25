using Foresight.Protocol;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Api.Operations;

/// <summary>What a source said, now or when it last did.</summary>
/// <param name="Value">Null: it has never answered.</param>
/// <param name="ReadAt">When it said so.</param>
/// <param name="Failure">Why it does not answer now; null: it does.</param>
public sealed record KnownValue<T>(T? Value, DateTimeOffset? ReadAt, Exception? Failure)
    where T : class
{
    public bool IsFresh => Failure is null;

    public SourceView View => new(IsFresh ? SourceView.Up : SourceView.Down, ReadAt);
}

/// <summary>Asks a source within a bound, and remembers its last answer for when it gives none.</summary>
/// <param name="what">What it tells, for the log, which has one line when it stops answering and one when it goes on.</param>
public sealed class LastKnownValue<T>(string what, TimeSpan bound, TimeProvider clock, ILogger logger)
    where T : class
{
    private volatile KnownValue<T> _last = new(null, null, null);
    private volatile bool _isSilent;

    public async Task<KnownValue<T>> ReadAsync(Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(bound);
        try
        {
            // The wait is bounded too: not everything that is asked gives up when it is told to.
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
    [LoggerMessage(LogLevel.Warning, "The {What} cannot be read, so the last ones are told as such: {Reason}")]
    public static partial void Silent(ILogger logger, string what, string reason);

    [LoggerMessage(LogLevel.Information, "The {What} can be read again.")]
    public static partial void Speaks(ILogger logger, string what);
}
