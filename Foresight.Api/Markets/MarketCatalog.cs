using System.Collections.Frozen;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Markets;

/// <summary>
/// All markets, in memory: every order needs one. Read anew every few seconds, and at once (but not more than once a second) when a market
/// is asked for that is not known. While Postgres is away the known markets serve on; their state is checked by the leader anyway.
/// </summary>
public sealed partial class MarketCatalog(
    Database database,
    IConfiguration configuration,
    TimeProvider clock,
    ILogger<MarketCatalog> logger
) : BackgroundService
{
    /// <summary>More markets than this on one cluster are a sign of something else.</summary>
    public const int MaxMarkets = 50_000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(1);

    private readonly long _chainId = configuration.ChainId();
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private volatile State? _state;

    /// <summary>Raised after markets were added.</summary>
    public event Action<IReadOnlyList<Market>>? Added;

    /// <summary>What is known now, by id; empty before the first reading.</summary>
    public IReadOnlyCollection<Market> Known => _state?.Ordered ?? [];

    /// <summary>Null if there is no such market.</summary>
    /// <exception cref="NpgsqlException">It is not known, and the database cannot say.</exception>
    public async ValueTask<Market?> FindAsync(Address address, CancellationToken cancellationToken) =>
        _state?.ByAddress.GetValueOrDefault(address) ?? (await FreshAsync(cancellationToken)).ByAddress.GetValueOrDefault(address);

    /// <inheritdoc cref="FindAsync(Address, CancellationToken)"/>
    public async ValueTask<Market?> FindAsync(int id, CancellationToken cancellationToken) =>
        _state?.ById.GetValueOrDefault(id) ?? (await FreshAsync(cancellationToken)).ById.GetValueOrDefault(id);

    /// <exception cref="NpgsqlException">Nothing is known yet, and the database cannot say.</exception>
    public async ValueTask<IReadOnlyList<Market>> AllAsync(CancellationToken cancellationToken) =>
        (_state ?? await FreshAsync(cancellationToken)).Ordered;

    /// <summary>A market has changed: the next reading is now, or a second after the last.</summary>
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
            // The host stops.
        }
    }

    private async Task<State> FreshAsync(CancellationToken cancellationToken)
    {
        // Orders for a market that does not exist must not become a query each.
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
            // Whoever waited for another reading that began after it asked takes that one.
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
            "SELECT market_id, address, question, outcomes, tick_size, state, closes_at, resolved_outcome, shard FROM markets ORDER BY market_id LIMIT $1",
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
                    reader.GetInt16(8)
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
        [LoggerMessage(LogLevel.Warning, "The markets could not be read; those known are used on: {Reason}")]
        public static partial void NotRead(ILogger logger, string reason);
    }
}
