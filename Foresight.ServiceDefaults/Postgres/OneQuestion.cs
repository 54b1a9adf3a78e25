using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Asks a server again and again, with one question under way at a time: one that is not answered in time is not given up, because the
/// connection that replaced it would cost a busy server more than the answer, and every node would do the same each second.
/// </summary>
/// <param name="source">Its limits end a question that is never answered.</param>
internal sealed class OneQuestion<T>(NpgsqlDataSource source, Func<NpgsqlConnection, Task<T>> ask) : IDisposable
{
    /// <summary>Seconds. A reply that was lost on its way is waited for no longer.</summary>
    private const int Patience = 5;

    private readonly SemaphoreSlim _turn = new(1);
    private Task<T>? _underWay;

    /// <summary>One connection, without a cancellation that the server would have to read.</summary>
    public static NpgsqlConnectionStringBuilder Settings(NpgsqlConnectionStringBuilder connection, string name) =>
        new(connection.ConnectionString)
        {
            ApplicationName = name,
            MaxPoolSize = 1,
            Timeout = Patience,
            CommandTimeout = Patience,
            CancellationTimeout = -1,
        };

    /// <summary>An answer is never older than this call.</summary>
    /// <exception cref="NpgsqlException">The server cannot be reached, or it refused.</exception>
    /// <exception cref="TimeoutException">No answer within the bound.</exception>
    public async Task<T> AskAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(bound);
        var hasTurn = false;
        try
        {
            await _turn.WaitAsync(limit.Token);
            hasTurn = true;
            // What was asked before may have been answered before, so only the end of that question is awaited.
            if (_underWay is { } earlier)
                await ((Task)earlier).WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            limit.Token.ThrowIfCancellationRequested();
            _underWay = OnceAsync();
            return await _underWay.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer within {bound.TotalSeconds:0.#} s.");
        }
        finally
        {
            if (hasTurn)
                _turn.Release();
        }
    }

    public void Dispose()
    {
        source.Dispose();
        _turn.Dispose();
    }

    private async Task<T> OnceAsync()
    {
        await using var connection = await source.OpenConnectionAsync();
        return await ask(connection);
    }
}
