using System.Collections.Frozen;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Markets;

/// <summary>
/// Kept in memory, because every order needs a market. Without Postgres the cached markets remain usable: the leader checks
/// their state again.
/// </summary>
public sealed partial class MarketCatalog(
    Database database,
    IConfiguration configuration,
    TimeProvider clock,
    ILogger<MarketCatalog> logger
) : BackgroundService
{
    /// <summary>Far above any plausible cluster; it only bounds the memory.</summary>
    public const int MaxMarkets = 50_000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(1);

    private readonly long _chainId = configuration.ChainId();
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private volatile State? _state;

    public event Action<IReadOnlyList<Market>>? Added;

    /// <summary>The same in every market. The leader decides by its own setting; this one answers without asking it.</summary>
    public int ExpiryMarginSeconds { get; } = configuration.ExpiryMarginSeconds();

    /// <summary>Never reads the database, so it is empty before the first refresh.</summary>
    public IReadOnlyCollection<Market> Known => _state?.Ordered ?? [];

    /// <exception cref="NpgsqlException">The market is not cached and the database cannot be read.</exception>
    public async ValueTask<Market?> FindAsync(Address address, CancellationToken cancellationToken) =>
        _state?.ByAddress.GetValueOrDefault(address) ?? (await FreshAsync(cancellationToken)).ByAddress.GetValueOrDefault(address);

    public async ValueTask<Market?> FindAsync(int id, CancellationToken cancellationToken) =>
        _state?.ById.GetValueOrDefault(id) ?? (await FreshAsync(cancellationToken)).ById.GetValueOrDefault(id);

    /// <exception cref="NpgsqlException">No market is cached yet and the database cannot be read.</exception>
    public async ValueTask<IReadOnlyList<Market>> AllAsync(CancellationToken cancellationToken) =>
        (_state ?? await FreshAsync(cancellationToken)).Ordered;

    public void ReadSoon()
    {
        lock (_wanted)
        {
            if (_wanted.CurrentCount == 0)
                _wanted.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                try
                {
                    await LoadAsync(stopping);
                }
                catch (Exception error) when (error is NpgsqlException or TimeoutException)
                {
                    Log.NotRead(logger, error.Message);
                }

                await Task.Delay(LeastPause, clock, stopping);
                await _wanted.WaitAsync(Interval - LeastPause, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Expected at shutdown.
        }
    }

    private async Task<State> FreshAsync(CancellationToken cancellationToken)
    {
        // Orders that name a market that does not exist must not become a query each, so there is at most one per interval.
        if (_state is { } known && clock.GetElapsedTime(known.At) < LeastPause)
            return known;
        return await LoadAsync(cancellationToken);
    }

    private async Task<State> LoadAsync(CancellationToken cancellationToken)
    {
        var asked = clock.GetTimestamp();
        await _loading.WaitAsync(cancellationToken);
        try
        {
            // Another caller has refreshed since this one asked; its result serves both.
            if (_state is { } fresh && fresh.At > asked)
                return fresh;
            var started = clock.GetTimestamp();
            var before = _state;
            var markets = await database.ReadAsync("active_markets", after: null, ReadAsync, cancellationToken);
            var read = new State(markets, started);
            _state = read;
            var added = before is null ? markets : markets.Where(market => !before.ById.ContainsKey(market.Id)).ToList();
            if (added.Count > 0)
                Added?.Invoke(added);
            return read;
        }
        finally
        {
            _loading.Release();
        }
    }

    private async Task<List<Market>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT market_id, address, question, outcomes, tick_size, state, closes_at, resolved_outcome, shard, firm_only
            FROM markets ORDER BY market_id LIMIT $1
            """,
            connection
        )
        {
            Parameters = { new() { Value = MaxMarkets } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var markets = new List<Market>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var address = new Address(reader.GetFieldValue<byte[]>(1));
            var known = _state?.ByAddress.GetValueOrDefault(address);
            markets.Add(
                new Market(
                    reader.GetInt32(0),
                    address,
                    reader.GetString(2),
                    reader.GetFieldValue<string[]>(3),
                    reader.GetInt32(4),
                    reader.GetInt16(5),
                    await reader.IsDBNullAsync(6, cancellationToken) ? null : reader.GetFieldValue<DateTimeOffset>(6),
                    await reader.IsDBNullAsync(7, cancellationToken) ? null : reader.GetInt16(7),
                    known?.Domain ?? TypedDataDomain.OfMarket(_chainId, address),
                    reader.GetInt16(8),
                    reader.GetBoolean(9)
                )
            );
        }

        return markets;
    }

    private sealed class State(IReadOnlyList<Market> ordered, long at)
    {
        public IReadOnlyList<Market> Ordered => ordered;
        public FrozenDictionary<Address, Market> ByAddress { get; } = ordered.ToFrozenDictionary(market => market.Address);
        public FrozenDictionary<int, Market> ById { get; } = ordered.ToFrozenDictionary(market => market.Id);
        public long At => at;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to read the markets; using the cached ones: {Reason}")]
        public static partial void NotRead(ILogger logger, string reason);
    }
}
