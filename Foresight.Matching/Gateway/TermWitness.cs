using System.Collections.Concurrent;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Gateway;

/// <summary>
/// Only the holder of a term can name the fencing token in the resource's <c>leadership</c> row. A row that was read is believed for a
/// second about the term that it names and about earlier ones, which is about as long as a batch of facts may have waited. A claim of a
/// later term waits for a reading that began after it came, so however many such claims come, readings follow one another, and one answers
/// all that wait. Thread-safe.
/// </summary>
/// <param name="read">Returns a resource's row, null if there is none.</param>
internal sealed class TermWitness(Func<string, Task<HeldTerm?>> read, TimeProvider clock)
{
    /// <summary>A flood of false claims costs the database ten readings a second, and a new holder's first batch as long as this.</summary>
    public static readonly TimeSpan PauseBetween = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan BelievedFor = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan QueryTimeout = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Resource> _resources = new();

    /// <summary>A database that fails throws, because an outage must not look like a false claim.</summary>
    /// <param name="claim">Of one of the few resources whose terms entitle to anything (<see cref="CommandRights"/>).</param>
    /// <exception cref="NpgsqlException">Postgres returned an error.</exception>
    /// <exception cref="TimeoutException">Postgres did not answer in time.</exception>
    public async Task<bool> HoldsAsync(TermClaim claim, CancellationToken cancellationToken)
    {
        var resource = _resources.GetOrAdd(claim.Resource, _ => new Resource());
        var named = new HeldTerm(claim.Epoch, claim.Token);
        Task<HeldTerm?> reading;
        lock (resource)
        {
            if (
                resource.Last is { Row: var row, At: var at }
                && clock.GetElapsedTime(at) < BelievedFor
                && (named == row || named.Epoch <= row?.Epoch)
            )
                return named == row;
            // The reading that runs may have begun before the claim became true.
            reading = resource.Next ??= ReadNextAsync(claim.Resource, resource, resource.Running);
        }

        return await reading.WaitAsync(cancellationToken) == named;
    }

    private async Task<HeldTerm?> ReadNextAsync(string name, Resource resource, Task<HeldTerm?>? running)
    {
        // The caller has the lock and stores the task that this returns.
        await Task.Yield();
        if (running is not null)
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        long? began;
        lock (resource)
            began = resource.BeganAt;
        if (began is { } last && PauseBetween - clock.GetElapsedTime(last) is var pause && pause > TimeSpan.Zero)
            await Task.Delay(pause, clock);
        long at;
        lock (resource)
        {
            (resource.Running, resource.Next) = (resource.Next, null);
            resource.BeganAt = at = clock.GetTimestamp();
        }

        var row = await read(name).WaitAsync(QueryTimeout, clock);
        lock (resource)
            resource.Last = (row, at);
        return row;
    }

    /// <summary>Its members are read and written under a lock of it.</summary>
    private sealed class Resource
    {
        public (HeldTerm? Row, long At)? Last { get; set; }
        public long? BeganAt { get; set; }
        public Task<HeldTerm?>? Running { get; set; }

        /// <summary>Not begun yet, so it sees what was committed before now; null if no claim waits for one.</summary>
        public Task<HeldTerm?>? Next { get; set; }
    }
}

internal sealed record HeldTerm(long Epoch, Guid Token)
{
    public static async Task<HeldTerm?> ReadAsync(NpgsqlDataSource primary, string resource)
    {
        await using var command = primary.CreateCommand("SELECT epoch, token FROM leadership WHERE resource = $1");
        command.CommandTimeout = (int)TermWitness.QueryTimeout.TotalSeconds;
        command.Parameters.AddWithValue(resource);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? new HeldTerm(reader.GetInt64(0), reader.GetGuid(1)) : null;
    }
}
