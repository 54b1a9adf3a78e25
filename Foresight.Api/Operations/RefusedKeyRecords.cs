using Dapper;
using Foresight.Api.Access;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations;

/// <summary>Writes them behind the answers, so that a stranger's guesses cost the database one statement a second at most.</summary>
public sealed partial class RefusedKeyRecords(RefusedKeys refused, Database database, TimeProvider clock, ILogger<RefusedKeyRecords> logger)
    : BackgroundService
{
    public const int MaxRows = 10_000;

    private const int MaxListed = 500;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public Task<IReadOnlyList<RefusedKeysView>> ListAsync(CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync<IReadOnlyList<RefusedKeysView>>(
            "refused_keys",
            async (connection, cancellationToken) =>
                [
                    .. (
                        await connection.QueryAsync<(DateTime Minute, string Address, int Wrong, int Unread, DateTime LastAt)>(
                            new CommandDefinition(
                                """
                                SELECT minute, address, wrong, unread, last_at FROM refused_keys
                                ORDER BY minute DESC, address DESC LIMIT @MaxListed
                                """,
                                new { MaxListed },
                                cancellationToken: cancellationToken
                            )
                        )
                    ).Select(row => new RefusedKeysView(row.Address, row.Minute, row.Wrong, row.Unread, row.LastAt)),
                ],
            cancellationToken
        );

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var fails = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var unsaved = refused.TakeUnsaved();
            if (unsaved.Count == 0)
                continue;
            try
            {
                await database.WriteAsync("refuse_keys", (connection, end) => WriteAsync(connection, unsaved, end), stoppingToken);
                fails = false;
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException)
            {
                refused.PutBack(unsaved);
                if (!fails)
                    Log.NotWritten(logger, error.Message);
                fails = true;
            }
        }
    }

    private static Task<int> WriteAsync(
        NpgsqlConnection connection,
        IReadOnlyDictionary<(string Address, long Minute), RefusedAttempts> unsaved,
        CancellationToken cancellationToken
    )
    {
        // In one order, so that two nodes that write the same rows do not wait for each other in a circle.
        var rows = unsaved.OrderBy(row => row.Key.Minute).ThenBy(row => row.Key.Address, StringComparer.Ordinal).ToList();
        return connection.ExecuteAsync(
            new CommandDefinition(
                """
                INSERT INTO refused_keys (minute, address, wrong, unread)
                SELECT * FROM unnest(@minutes::timestamptz[], @addresses::text[], @wrong::int[], @unread::int[])
                ON CONFLICT (minute, address) DO UPDATE SET wrong = refused_keys.wrong + excluded.wrong,
                    unread = refused_keys.unread + excluded.unread, last_at = now();
                DELETE FROM refused_keys WHERE (minute, address) <=
                    (SELECT minute, address FROM refused_keys ORDER BY minute DESC, address DESC OFFSET @MaxRows LIMIT 1)
                """,
                new
                {
                    minutes = rows.Select(row => Minutes.StartOf(row.Key.Minute).UtcDateTime).ToArray(),
                    addresses = rows.Select(row => row.Key.Address).ToArray(),
                    wrong = rows.Select(row => row.Value.Wrong).ToArray(),
                    unread = rows.Select(row => row.Value.Unread).ToArray(),
                    MaxRows,
                },
                cancellationToken: cancellationToken
            )
        );
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Refused admin keys cannot be recorded now, and are kept until they can: {Reason}")]
        public static partial void NotWritten(ILogger logger, string reason);
    }
}
