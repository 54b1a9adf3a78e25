using Dapper;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.Cluster.Offenders;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations;

/// <summary>
/// Accounts whose trades failed by their own doing, for operators: who is limited, why, and a reset with its audit entry.
/// </summary>
public sealed class OffenderAdministration(Database database, OffenderOptions options)
{
    private const int MaxListed = 500;
    private const int MaxOffences = 100;

    /// <summary>Those with the most points first. Accounts whose offences have faded are not among them.</summary>
    public Task<IReadOnlyList<OffenderView>> ListAsync(CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync<IReadOnlyList<OffenderView>>("offenders", async (connection, cancel) =>
        {
            var (now, rows) = await ReadAsync(connection, null, null, cancel);
            return [.. rows.GroupBy(r => new Address(r.Address)).Select(g => ViewOf(g.Key, [.. g], now)).OfType<OffenderView>()
                .OrderByDescending(v => v.Points).Take(MaxListed)];
        }, cancellationToken);

    /// <summary>Null: nothing was ever held against it.</summary>
    public Task<OffenderDetail?> FindAsync(Address address, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync("offender", (connection, cancel) => DetailAsync(connection, address, null, cancel), cancellationToken);

    public async Task<Result<OffenderDetail>> ResetAsync(
        Address address, ResetOffenderRequest request, Operator by, CancellationToken cancellationToken)
    {
        var note = request.Note.Trim();
        if (note.Length is 0 or > DecisionLimits.NoteLength)
            return Problem.Malformed($"note must have 1 to {DecisionLimits.NoteLength} characters.");
        return await database.WriteAsync(
            "offender_reset", (connection, cancel) => WriteAsync(connection, address, note, by, cancel), cancellationToken);
    }

    private async Task<Result<OffenderDetail>> WriteAsync(
        NpgsqlConnection connection, Address address, string note, Operator by, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var parameters = new { address = address.ToBytes() };
        var forgiven = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE offences SET forgiven_at = now() WHERE address = @address AND forgiven_at IS NULL", parameters, transaction,
            cancellationToken: cancellationToken));
        if (forgiven == 0) return new Problem(ProblemRules.StateConflict, $"Nothing counts against {address}.");
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO offender_audit (address, actor, key_name, action, forgiven, note) VALUES (@address, @Actor, @Key, 'reset', @forgiven, @note)",
            new { parameters.address, by.Actor, by.Key, forgiven, note }, transaction, cancellationToken: cancellationToken));
        var detail = await DetailAsync(connection, address, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return detail!;
    }

    private async Task<OffenderDetail?> DetailAsync(
        NpgsqlConnection connection, Address address, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var parameters = new { address = address.ToBytes(), MaxOffences };
        var offences = (await connection.QueryAsync<OffenceRow>(new CommandDefinition(
            "SELECT trade_id, reason, points, at, forgiven_at FROM offences WHERE address = @address ORDER BY at DESC, trade_id DESC LIMIT @MaxOffences",
            parameters, transaction, cancellationToken: cancellationToken))).AsList();
        if (offences.Count == 0) return null;
        var audit = await connection.QueryAsync<(DateTime At, string Actor, string Action, int Forgiven, string Note, string? Key)>(new CommandDefinition(
            "SELECT at, actor, action, forgiven, note, key_name FROM offender_audit WHERE address = @address ORDER BY audit_id DESC LIMIT @MaxOffences",
            parameters, transaction, cancellationToken: cancellationToken));
        var (now, counting) = await ReadAsync(connection, address, transaction, cancellationToken);
        var view = ViewOf(address, counting, now)
            ?? new OffenderView(address.ToString(), OffenderLevels.Clear, 0, null, 0, new Dictionary<string, int>(), offences[0].At);
        return new OffenderDetail(
            view, [.. offences.Select(o => new OffenceView(o.TradeId, o.Reason, o.Points, o.At, o.ForgivenAt))],
            [.. audit.Select(a => new OffenderAuditView(a.At, a.Actor, a.Action, a.Forgiven, a.Note, a.Key))]);
    }

    private static async Task<(DateTimeOffset Now, IReadOnlyList<OffenceRow> Rows)> ReadAsync(
        NpgsqlConnection connection, Address? address, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var now = await connection.ExecuteScalarAsync<DateTime>(
            new CommandDefinition("SELECT clock_timestamp()", transaction: transaction, cancellationToken: cancellationToken));
        var rows = await connection.QueryAsync<OffenceRow>(new CommandDefinition(
            """
            SELECT address, trade_id, reason, points, at FROM offences
            WHERE forgiven_at IS NULL AND at > now() - @Memory AND (@address::bytea IS NULL OR address = @address) ORDER BY at, trade_id
            """,
            new { OffenderRules.Memory, address = address?.ToBytes() }, transaction, cancellationToken: cancellationToken));
        return (now, rows.AsList());
    }

    private OffenderView? ViewOf(Address address, IReadOnlyList<OffenceRow> offences, DateTimeOffset now)
    {
        var standing = OffenderRules.StandingOf(offences.Select(o => new Offence(o.At, o.Points)), options, now);
        if (standing.Points == 0) return null;
        return new OffenderView(
            address.ToString(), standing.Level.ToString().ToLowerInvariant(), standing.Points,
            standing.Improves > TimeSpan.Zero ? now + standing.Improves : null, offences.Count,
            offences.GroupBy(o => o.Reason).ToDictionary(g => g.Key, g => g.Count()), offences[^1].At);
    }

    private sealed class OffenceRow
    {
        public byte[] Address { get; init; } = [];
        public long TradeId { get; init; }
        public string Reason { get; init; } = "";
        public int Points { get; init; }
        public DateTime At { get; init; }
        public DateTime? ForgivenAt { get; init; }
    }
}
