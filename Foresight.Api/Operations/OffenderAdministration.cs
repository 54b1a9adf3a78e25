using Dapper;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Cluster.Offenders;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Foresight.Api.Operations;

/// <param name="Level">One of <see cref="OffenderLevels.All"/>; null: any.</param>
public readonly record struct OffenderParameters([FromQuery(Name = "level")] string? Level = null) : ICheckedParameters
{
    Problem? ICheckedParameters.Problem => FilterChecks.Word(Level, "level", OffenderLevels.All);
}

public sealed class OffenderAdministration(Database database, OffenderOptions options)
{
    private const int MaxListed = 500;
    private const int MaxStrikes = 100;

    /// <param name="level">One of <see cref="OffenderLevels.All"/>; null: any.</param>
    public Task<IReadOnlyList<OffenderView>> ListAsync(string? level, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync<IReadOnlyList<OffenderView>>(
            "offenders",
            async (connection, cancellationToken) =>
            {
                var (now, rows) = await ReadAsync(connection, null, null, cancellationToken);
                return
                [
                    .. rows.GroupBy(r => new Address(r.Address))
                        .Select(g => ViewOf(g.Key, [.. g], now))
                        .OfType<OffenderView>()
                        .Where(v => level is null || v.Level == level)
                        .OrderByDescending(v => v.Points)
                        .Take(MaxListed),
                ];
            },
            cancellationToken
        );

    public Task<OffenderDetail?> FindAsync(Address address, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "offender",
            (connection, cancellationToken) => DetailAsync(connection, address, null, cancellationToken),
            cancellationToken
        );

    public Task<Result<OffenderDetail>> ResetAsync(
        Address address,
        ResetOffenderRequest request,
        Operator by,
        CancellationToken cancellationToken
    ) => DecideAsync("offender_reset", new Decided(address, OffenderActions.Reset, by), request.Note, WaiveAsync, cancellationToken);

    /// <summary>Restores what the last reset waived, and only that: strikes of an earlier reset stay waived.</summary>
    public Task<Result<OffenderDetail>> UndoResetAsync(
        Address address,
        UndoOffenderResetRequest request,
        Operator by,
        CancellationToken cancellationToken
    ) =>
        DecideAsync(
            "offender_undo_reset",
            new Decided(address, OffenderActions.UndoReset, by),
            request.Note,
            (connection, account, transaction, token) => RestoreAsync(connection, account, request.At, transaction, token),
            cancellationToken
        );

    private async Task<Result<OffenderDetail>> DecideAsync(
        string operation,
        Decided decided,
        string? text,
        Change change,
        CancellationToken cancellationToken
    )
    {
        var read = DiscrepancyRules.ReadNote(text);
        if (read.Value is not { } note)
            return read.Problem!;
        return await database.WriteAsync(
            operation,
            (connection, cancellationToken) => WriteAsync(connection, decided, note, change, cancellationToken),
            cancellationToken
        );
    }

    private async Task<Result<OffenderDetail>> WriteAsync(
        NpgsqlConnection connection,
        Decided decided,
        string note,
        Change change,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Without the lock a reset could commit between the look for the last one and its undoing, which would undo an earlier one.
        await connection.ExecuteAsync(
            new CommandDefinition(
                "SELECT pg_advisory_xact_lock(hashtext('offender_audit'))",
                transaction: transaction,
                cancellationToken: cancellationToken
            )
        );
        var before = await LevelAsync(connection, decided.Address, transaction, cancellationToken);
        var (strikes, refusal) = await change(connection, decided.Address, transaction, cancellationToken);
        if (refusal is not null)
            return refusal;
        await connection.ExecuteAsync(
            new CommandDefinition(
                """
                INSERT INTO offender_audit (address, actor, key_name, action, waived, note, from_level, to_level)
                VALUES (@address, @Actor, @Key, @Action, @strikes, @note, @before, @after)
                """,
                new
                {
                    address = decided.Address.ToBytes(),
                    decided.By.Actor,
                    decided.By.Key,
                    decided.Action,
                    strikes,
                    note,
                    before,
                    after = await LevelAsync(connection, decided.Address, transaction, cancellationToken),
                },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        var detail = await DetailAsync(connection, decided.Address, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return detail!;
    }

    private static async Task<(int Strikes, Problem? Refusal)> WaiveAsync(
        NpgsqlConnection connection,
        Address address,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        var waived = await connection.ExecuteAsync(
            new CommandDefinition(
                "UPDATE strikes SET waived_at = now() WHERE address = @address AND waived_at IS NULL",
                new { address = address.ToBytes() },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        return (waived, waived > 0 ? null : Conflict($"Nothing counts against {address}."));
    }

    /// <param name="at">Of the reset that is meant; null: whichever is the last.</param>
    private static async Task<(int Strikes, Problem? Refusal)> RestoreAsync(
        NpgsqlConnection connection,
        Address address,
        DateTimeOffset? at,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        var last = await connection.QuerySingleOrDefaultAsync<(string Action, DateTime At)?>(
            new CommandDefinition(
                "SELECT action, at FROM offender_audit WHERE address = @address ORDER BY audit_id DESC LIMIT 1",
                new { address = address.ToBytes() },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        if (last is not { } newest)
            return (0, Conflict($"Nothing was waived for {address}."));
        if (at is { } meant && meant != newest.At)
            return (0, Conflict($"Something was decided about {address} since."));
        if (newest.Action != OffenderActions.Reset)
            return (0, Conflict($"The last reset of {address} was taken back already."));
        // A reset's entry and the strikes that it waived have the time of one transaction.
        var restored = await connection.ExecuteAsync(
            new CommandDefinition(
                "UPDATE strikes SET waived_at = NULL WHERE address = @address AND waived_at = @At",
                new { address = address.ToBytes(), newest.At },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        return (restored, restored > 0 ? null : Conflict($"The chain took back the trades that the last reset of {address} waived."));
    }

    private static Problem Conflict(string reason) => new(ProblemRules.StateConflict, reason);

    private async Task<OffenderDetail?> DetailAsync(
        NpgsqlConnection connection,
        Address address,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken
    )
    {
        var parameters = new { address = address.ToBytes(), MaxStrikes };
        var strikes = (
            await connection.QueryAsync<StrikeRow>(
                new CommandDefinition(
                    """
                    SELECT trade_id, reason, points, at, waived_at
                    FROM strikes WHERE address = @address ORDER BY at DESC, trade_id DESC LIMIT @MaxStrikes
                    """,
                    parameters,
                    transaction,
                    cancellationToken: cancellationToken
                )
            )
        ).AsList();
        if (strikes.Count == 0)
            return null;
        var audit = await connection.QueryAsync<(DateTime At, string Actor, string Action, int Waived, string Note, string? Key)>(
            new CommandDefinition(
                """
                SELECT at, actor, action, waived, note, key_name
                FROM offender_audit WHERE address = @address ORDER BY audit_id DESC LIMIT @MaxStrikes
                """,
                parameters,
                transaction,
                cancellationToken: cancellationToken
            )
        );
        var (now, counting) = await ReadAsync(connection, address, transaction, cancellationToken);
        var view =
            ViewOf(address, counting, now)
            ?? new OffenderView(address.ToString(), OffenderLevels.Clear, 0, null, 0, new Dictionary<string, int>(), strikes[0].At);
        return new OffenderDetail(
            view,
            [.. strikes.Select(o => new StrikeView(o.TradeId, o.Reason, o.Points, o.At, o.WaivedAt))],
            [.. audit.Select(a => new OffenderAuditView(a.At, a.Actor, a.Action, a.Waived, a.Note, a.Key))]
        );
    }

    private async Task<string> LevelAsync(
        NpgsqlConnection connection,
        Address address,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        var (now, counting) = await ReadAsync(connection, address, transaction, cancellationToken);
        return ViewOf(address, counting, now)?.Level ?? OffenderLevels.Clear;
    }

    private static async Task<(DateTimeOffset Now, IReadOnlyList<StrikeRow> Rows)> ReadAsync(
        NpgsqlConnection connection,
        Address? address,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken
    )
    {
        var now = await connection.ExecuteScalarAsync<DateTime>(
            new CommandDefinition("SELECT clock_timestamp()", transaction: transaction, cancellationToken: cancellationToken)
        );
        var rows = await connection.QueryAsync<StrikeRow>(
            new CommandDefinition(
                """
                SELECT address, trade_id, reason, points, at FROM strikes
                WHERE waived_at IS NULL AND at > now() - @Memory AND (@address::bytea IS NULL OR address = @address) ORDER BY at, trade_id
                """,
                new { OffenderRules.Memory, address = address?.ToBytes() },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        return (now, rows.AsList());
    }

    private OffenderView? ViewOf(Address address, IReadOnlyList<StrikeRow> strikes, DateTimeOffset now)
    {
        var standing = OffenderRules.StandingOf(strikes.Select(o => new Strike(o.At, o.Points)), options, now);
        if (standing.Points == 0)
            return null;
        return new OffenderView(
            address.ToString(),
            standing.Level.ToString().ToLowerInvariant(),
            standing.Points,
            standing.Improves > TimeSpan.Zero ? now + standing.Improves : null,
            strikes.Count,
            strikes.GroupBy(o => o.Reason).ToDictionary(g => g.Key, g => g.Count()),
            strikes[^1].At
        );
    }

    private sealed class StrikeRow
    {
        public byte[] Address { get; init; } = [];
        public long TradeId { get; init; }
        public string Reason { get; init; } = "";
        public int Points { get; init; }
        public DateTime At { get; init; }
        public DateTime? WaivedAt { get; init; }
    }

    /// <returns>Number of strikes that it changed; a refusal if it changed none.</returns>
    private delegate Task<(int Strikes, Problem? Refusal)> Change(
        NpgsqlConnection connection,
        Address address,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken
    );

    /// <param name="Action">One of <see cref="OffenderActions"/>.</param>
    private sealed record Decided(Address Address, string Action, Operator By);
}
