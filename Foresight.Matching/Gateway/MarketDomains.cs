using System.Collections.Concurrent;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Npgsql;

namespace Foresight.Matching.Gateway;

/// <param name="Vault">Null: there is none.</param>
internal sealed record SignedContracts(IReadOnlyList<(int MarketId, Address Contract)> Markets, Address? Vault);

/// <summary>
/// A market's contract never changes, so its EIP-712 domain is read once. The vault's may, with a lost development chain.
/// </summary>
/// <param name="read">Returns the contracts of all markets.</param>
internal sealed class MarketDomains(Func<CancellationToken, Task<SignedContracts>> read, long chainId, TimeProvider clock) : IDisposable
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
    private TypedDataDomain? _vault;

    /// <summary>
    /// Null for a market that does not exist. A database that fails throws, because an outage must not look like an unknown market.
    /// </summary>
    /// <exception cref="NpgsqlException">Postgres returned an error.</exception>
    /// <exception cref="TimeoutException">Postgres did not answer in time.</exception>
    public ValueTask<TypedDataDomain?> FindAsync(int marketId, CancellationToken cancellationToken) =>
        _known.TryGetValue(marketId, out var domain) ? new(domain) : new(ReadAndFindAsync(marketId, cancellationToken));

    /// <summary>Null if there is no vault.</summary>
    public async ValueTask<TypedDataDomain?> FindVaultAsync(CancellationToken cancellationToken)
    {
        // No market has this id, so the contracts are read unless they just were.
        await ReadAndFindAsync(NoMarket, cancellationToken);
        return _vault;
    }

    public void Dispose() => _reading.Dispose();

    private const int NoMarket = 0;

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
                var found = await read(cancellationToken).WaitAsync(ReadTimeout, clock, cancellationToken);
                foreach (var (id, contract) in found.Markets)
                    _known[id] = TypedDataDomain.OfMarket(chainId, contract);
                if (_vault?.VerifyingContract != found.Vault)
                    _vault = found.Vault is { } vault ? WithdrawalMessage.DomainOf(chainId, vault) : null;
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

    public static async Task<SignedContracts> ReadAsync(NpgsqlDataSource primary, long chainId, CancellationToken cancellationToken)
    {
        await using var ofVault = primary.CreateCommand("SELECT vault FROM deployments WHERE chain_id = $1 AND vault IS NOT NULL");
        ofVault.Parameters.AddWithValue(chainId);
        var vault = await ofVault.ExecuteScalarAsync(cancellationToken) is byte[] bytes ? (Address?)new Address(bytes) : null;
        var contracts = new List<(int, Address)>();
        await using var command = primary.CreateCommand("SELECT market_id, address FROM markets");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            contracts.Add((reader.GetInt32(0), new Address(reader.GetFieldValue<byte[]>(1))));
        return new SignedContracts(contracts, vault);
    }
}
