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

    public async Task<Result<OffenderDetail>> ResetAsync(
        Address address,
        ResetOffenderRequest request,
        Operator by,
        CancellationToken cancellationToken
    )
    {
        var read = DiscrepancyRules.ReadNote(request.Note);
        if (read.Value is not { } note)
            return read.Problem!;
        return await database.WriteAsync(
            "offender_reset",
            (connection, cancellationToken) => WriteAsync(connection, address, note, by, cancellationToken),
            cancellationToken
        );
    }

    private async Task<Result<OffenderDetail>> WriteAsync(
        NpgsqlConnection connection,
        Address address,
        string note,
        Operator by,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var parameters = new { address = address.ToBytes() };
        var before = await LevelAsync(connection, address, transaction, cancellationToken);
        var waived = await connection.ExecuteAsync(
            new CommandDefinition(
                "UPDATE strikes SET waived_at = now() WHERE address = @address AND waived_at IS NULL",
                parameters,
                transaction,
                cancellationToken: cancellationToken
            )
        );
        if (waived == 0)
            return new Problem(ProblemRules.StateConflict, $"Nothing counts against {address}.");
        await connection.ExecuteAsync(
            new CommandDefinition(
                """
                INSERT INTO offender_audit (address, actor, key_name, action, waived, note, from_level, to_level)
                VALUES (@address, @Actor, @Key, 'reset', @waived, @note, @before, @after)
                """,
                new
                {
                    parameters.address,
                    by.Actor,
                    by.Key,
                    waived,
                    note,
                    before,
                    after = await LevelAsync(connection, address, transaction, cancellationToken),
                },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        var detail = await DetailAsync(connection, address, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return detail!;
    }

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
}
