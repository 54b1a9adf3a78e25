using System.Diagnostics.Metrics;
using Dapper;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Cluster.Offenders;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Telemetry;
using Npgsql;

namespace Foresight.Api.Orders;

/// <summary>
/// Runs before sequencing, so that the journal holds no trace of it and a replay needs no score. Each node reads the strikes itself; they
/// are at most a second old.
/// </summary>
public sealed partial class OffenderGate
{
    /// <summary>Bounds the memory of a node; above it the oldest strikes, which weigh least, are dropped first.</summary>
    private const int MaxStrikes = 100_000;

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(1);

    private readonly Database _database;
    private readonly OffenderOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<OffenderGate> _logger;
    private readonly SemaphoreSlim _reading = new(1);
    private Known? _known;

    public OffenderGate(Database database, OffenderOptions options, TimeProvider clock, IMeterFactory meters, ILogger<OffenderGate> logger)
    {
        (_database, _options, _clock, _logger) = (database, options, clock, logger);
        meters
            .Create(MetricNames.Meter)
            .CreateObservableGauge(
                MetricNames.Offenders,
                Count,
                description: "Accounts that are limited, as this node's last look found them."
            );
    }

    public async ValueTask<Problem?> CheckAsync(Address maker, long notional, CancellationToken cancellationToken)
    {
        var now = await KnownAsync(cancellationToken);
        var standing = now.StandingOf(maker, _options, _clock);
        switch (standing.Level)
        {
            case OffenderLevel.Refused:
                return Refusal(
                    standing,
                    "New orders are refused because trades of this account failed by its own doing: "
                        + "money moved, approval revoked or order cancelled between match and settlement."
                );
            case OffenderLevel.Capped:
                var open = await _database.ReadPrimaryAsync(
                    "open_notional",
                    (connection, cancellationToken) => OpenNotionalAsync(connection, maker, cancellationToken),
                    cancellationToken
                );
                return open + notional <= _options.CappedNotional
                    ? null
                    : Refusal(
                        standing,
                        "Trades of this account failed by its own doing, so its open orders may be worth "
                            + $"{Decimals.Usdc(_options.CappedNotional)} USDC; {Decimals.Usdc(open)} are open."
                    );
            default:
                return null;
        }
    }

    private static Problem Refusal(Standing standing, string detail) =>
        new(ProblemCodes.AccountLimited, detail)
        {
            RetryAfter = TimeSpan.FromSeconds(Math.Ceiling(standing.Improves.TotalSeconds)),
            More = new Dictionary<string, object?> { ["points"] = standing.Points },
        };

    private static async Task<long> OpenNotionalAsync(NpgsqlConnection connection, Address maker, CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<long>(
            new CommandDefinition(
                """
                SELECT coalesce(sum(price_ticks * (quantity_lots - filled_lots - reduced_lots)), 0)::bigint FROM orders
                WHERE account_id = (SELECT account_id FROM accounts WHERE address = @maker) AND status IN (0, 1)
                """,
                new { maker = maker.ToBytes() },
                cancellationToken: cancellationToken
            )
        );

    /// <summary>
    /// Strikes that cannot be read are replaced by the last known ones: without Postgres no order can be committed either, so stale strikes
    /// let nothing through.
    /// </summary>
    private async ValueTask<Known> KnownAsync(CancellationToken cancellationToken)
    {
        var current = Volatile.Read(ref _known);
        if (current is not null && _clock.GetElapsedTime(current.ReadAt) < RefreshInterval)
            return current;
        // One caller reads; the others use the previous strikes, so that no order waits for Postgres unless there are none yet.
        if (!await _reading.WaitAsync(current is null ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, cancellationToken))
            return current!;
        try
        {
            current = Volatile.Read(ref _known);
            if (current is not null && _clock.GetElapsedTime(current.ReadAt) < RefreshInterval)
                return current;
            var started = _clock.GetTimestamp();
            var read = await _database.ReadPrimaryAsync(
                "strikes",
                (connection, cancellationToken) => ReadAsync(connection, started, cancellationToken),
                cancellationToken
            );
            Volatile.Write(ref _known, read);
            return read;
        }
        catch (NpgsqlException error) when (current is not null)
        {
            Log.NotRead(_logger, error.Message);
            Volatile.Write(ref _known, current with { ReadAt = _clock.GetTimestamp() });
            return current;
        }
        finally
        {
            _reading.Release();
        }
    }

    private static async Task<Known> ReadAsync(NpgsqlConnection connection, long started, CancellationToken cancellationToken)
    {
        var now = new DateTimeOffset(
            await connection.ExecuteScalarAsync<DateTime>(new CommandDefinition("SELECT now()", cancellationToken: cancellationToken))
        );
        var rows = await connection.QueryAsync<(byte[] Address, DateTime At, int Points)>(
            new CommandDefinition(
                """
                SELECT address, at, points FROM (
                    SELECT address, at, points, trade_id
                    FROM strikes WHERE waived_at IS NULL AND at > now() - @Memory ORDER BY at DESC LIMIT @MaxStrikes) newest
                ORDER BY at, trade_id
                """,
                new { OffenderRules.Memory, MaxStrikes },
                cancellationToken: cancellationToken
            )
        );
        return new Known(now, started, started, rows.ToLookup(r => new Address(r.Address), r => new Strike(r.At, r.Points)));
    }

    private IEnumerable<Measurement<int>> Count()
    {
        if (Volatile.Read(ref _known) is not { } current)
            yield break;
        var levels = current.Strikes.Select(account => current.StandingOf(account.Key, _options, _clock).Level).ToList();
        yield return new Measurement<int>(
            levels.Count(l => l == OffenderLevel.Capped),
            new KeyValuePair<string, object?>("level", "capped")
        );
        yield return new Measurement<int>(
            levels.Count(l => l == OffenderLevel.Refused),
            new KeyValuePair<string, object?>("level", "refused")
        );
    }

    /// <param name="Now">Database clock at the time of reading, because strikes are stamped by the same clock.</param>
    /// <param name="NowAt">Monotonic timestamp of this node at <paramref name="Now"/>.</param>
    /// <param name="ReadAt">Monotonic timestamp of the last attempt to read.</param>
    private sealed record Known(DateTimeOffset Now, long NowAt, long ReadAt, ILookup<Address, Strike> Strikes)
    {
        public Standing StandingOf(Address account, OffenderOptions options, TimeProvider clock) =>
            Strikes.Contains(account) ? OffenderRules.StandingOf(Strikes[account], options, Now + clock.GetElapsedTime(NowAt)) : default;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to read strikes; using the cached ones: {Reason}")]
        public static partial void NotRead(ILogger logger, string reason);
    }
}
