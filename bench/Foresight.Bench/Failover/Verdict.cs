using Foresight.Matching.Invariants;
using Npgsql;

namespace Foresight.Bench.Failover;

/// <param name="Unreplicated">
/// Acknowledged by an asynchronous primary and lost with it before its standby had them: the price of that mode, so not counted in
/// <paramref name="Lost"/>.
/// </param>
/// <param name="StaleRows">
/// Commands that follow the first command of a later epoch: writes of an earlier leader, which the fence must refuse.
/// </param>
internal sealed record Verdict(
    long Lost,
    long Unreplicated,
    long Doubled,
    long StaleRows,
    bool ReplayEqual,
    IReadOnlyList<string> Violations
)
{
    public static readonly Verdict Clean = new(0, 0, 0, 0, true, []);

    public bool Holds => Lost == 0 && Doubled == 0 && StaleRows == 0 && ReplayEqual && Violations.Count == 0;

    public Verdict And(Verdict other) =>
        new(
            Lost + other.Lost,
            Unreplicated + other.Unreplicated,
            Doubled + other.Doubled,
            StaleRows + other.StaleRows,
            ReplayEqual && other.ReplayEqual,
            [.. Violations, .. other.Violations]
        );

    public static async Task<Verdict> OfAsync(FaultCluster cluster, OrderLoad load, IReadOnlySet<JournalPlace> unreplicated)
    {
        var proof = await cluster.ProofAsync();
        var checker = new InvariantChecker(cluster.Database);
        await checker.CompareAsync(proof.Shard, proof.Sequence, proof.StateHash, CancellationToken.None);
        var replayEqual = checker.Holds;
        if (replayEqual)
            await checker.CheckAsync(CancellationToken.None);

        var missing = await MissingAsync(cluster.Database, load);
        var forked = load.Acknowledgements.GroupBy(one => one.Place).Count(place => place.Count() > 1);
        return new Verdict(
            missing.Count(place => !unreplicated.Contains(place)),
            load.Acknowledgements.Count(one => unreplicated.Contains(one.Place)),
            forked + await CountAsync(cluster.Database, DoubledSql),
            await CountAsync(cluster.Database, StaleSql),
            replayEqual,
            checker.Violations
        );
    }

    // A salt identifies an order of an account here, and both are in the encoded command, so no other table is trusted: bytes 72..79 and
    // 92..95 (see CommandCodec).
    private const string DoubledSql = """
        SELECT count(*) FROM (
            SELECT 1 FROM commands WHERE kind = 3 AND result->>'status' = '0'
            GROUP BY substring(payload FROM 73 FOR 8), substring(payload FROM 93 FOR 4) HAVING count(*) > 1) d
        """;

    private const string StaleSql =
        "SELECT count(*) FROM (SELECT epoch, max(epoch) OVER (PARTITION BY shard ORDER BY sequence) AS highest FROM "
        + "commands) c WHERE epoch < highest";

    private static async Task<List<JournalPlace>> MissingAsync(NpgsqlDataSource database, OrderLoad load)
    {
        var accepted = load.Acknowledgements.Where(one => one.Accepted).ToList();
        await using var command = database.CreateCommand(
            """
            SELECT epoch, sequence FROM unnest($1, $2, $3, $4) a(request, hash, epoch, sequence)
            WHERE NOT EXISTS (
                SELECT 1 FROM commands c JOIN orders o ON o.sequence = c.sequence AND o.epoch = c.epoch
                WHERE c.request_id = a.request AND c.epoch = a.epoch AND c.sequence = a.sequence AND o.order_hash = decode(a.hash, 'hex'))
            """
        );
        command.CommandTimeout = 120;
        command.Parameters.AddWithValue(accepted.Select(one => one.RequestId).ToArray());
        command.Parameters.AddWithValue(accepted.Select(one => one.OrderHash[2..]).ToArray());
        command.Parameters.AddWithValue(accepted.Select(one => one.Place.Epoch).ToArray());
        command.Parameters.AddWithValue(accepted.Select(one => one.Place.Sequence).ToArray());
        var missing = new List<JournalPlace>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            missing.Add(new JournalPlace(reader.GetInt64(0), reader.GetInt64(1)));
        return missing;
    }

    private static async Task<long> CountAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = 120;
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
