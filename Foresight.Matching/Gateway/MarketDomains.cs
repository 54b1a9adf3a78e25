using System.Collections.Concurrent;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Npgsql;

namespace Foresight.Matching.Gateway;

/// <summary>A market's contract never changes, so its EIP-712 domain is read once.</summary>
/// <param name="read">Returns the contracts of all markets.</param>
internal sealed class MarketDomains(
    Func<CancellationToken, Task<IReadOnlyList<(int MarketId, Address Contract)>>> read,
    long chainId,
    TimeProvider clock
) : IDisposable
{
    /// <summary>Least time between two reads, since commands may name markets that do not exist.</summary>
    private static readonly TimeSpan ReadPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long reads are tried again while Postgres fails, so that a short outage refuses no order. With the last read's own limit that is
    /// about as long as a caller waits for an answer.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<int, TypedDataDomain> _known = new();
    private readonly SemaphoreSlim _reading = new(1);
    private long? _readAt;

    /// <summary>
    /// Null for a market that does not exist. A database that fails throws, because an outage must not look like an unknown market.
    /// </summary>
    /// <exception cref="NpgsqlException">Postgres returned an error.</exception>
    /// <exception cref="TimeoutException">Postgres did not answer in time.</exception>
    public ValueTask<TypedDataDomain?> FindAsync(int marketId, CancellationToken cancellationToken) =>
        _known.TryGetValue(marketId, out var domain) ? new(domain) : new(ReadAndFindAsync(marketId, cancellationToken));

    public void Dispose() => _reading.Dispose();

    private async Task<TypedDataDomain?> ReadAndFindAsync(int marketId, CancellationToken cancellationToken)
    {
        var since = clock.GetTimestamp();
        while (!await TryReadAsync(marketId, lastTry: clock.GetElapsedTime(since) >= Patience, cancellationToken))
            await Task.Delay(RetryPause, clock, cancellationToken);
        return _known.GetValueOrDefault(marketId);
    }

    private async Task<bool> TryReadAsync(int marketId, bool lastTry, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (!_known.ContainsKey(marketId) && (_readAt is not { } last || clock.GetElapsedTime(last) >= ReadPause))
            {
                foreach (var (id, contract) in await read(cancellationToken).WaitAsync(ReadTimeout, clock, cancellationToken))
                    _known[id] = TypedDataDomain.OfMarket(chainId, contract);
                _readAt = clock.GetTimestamp();
            }

            return true;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException && !lastTry)
        {
            return false;
        }
        finally
        {
            _reading.Release();
        }
    }

    public static async Task<IReadOnlyList<(int MarketId, Address Contract)>> ReadAsync(
        NpgsqlDataSource primary,
        CancellationToken cancellationToken
    )
    {
        var contracts = new List<(int, Address)>();
        await using var command = primary.CreateCommand("SELECT market_id, address FROM markets");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            contracts.Add((reader.GetInt32(0), new Address(reader.GetFieldValue<byte[]>(1))));
        return contracts;
    }
}
