using Npgsql;

namespace Foresight.Matching.Invariants;

/// <summary>Reads only, so it may run beside a live cluster. Supports one caller at a time.</summary>
internal sealed class InvariantChecker(NpgsqlDataSource database)
{
    private readonly SortedDictionary<int, JournalChecker> _shards = [];
    private readonly Violations _violations = new();

    public IReadOnlyList<string> Violations => _violations.Sentences;

    public bool Holds => _violations.Count == 0;

    public JournalChecker Shard(int shard)
    {
        if (!_shards.TryGetValue(shard, out var checker))
            _shards.Add(shard, checker = new JournalChecker(database, shard, _violations));
        return checker;
    }

    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        await FollowAsync(cancellationToken);
        await SweepAsync(cancellationToken);
    }

    /// <summary>Checks only what was written since the last call, so that it can run often.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        foreach (var shard in await ShardsAsync(cancellationToken))
            await Shard(shard).AdvanceAsync(cancellationToken);
    }

    /// <summary>The cost grows with history, so a caller that follows the journal sweeps rarely.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var look = await StoredRows.LookAsync(database, shard: 0, cancellationToken);
        foreach (var statement in TableSweep.Statements)
        {
            foreach (var sentence in await look.SentencesAsync(statement, cancellationToken))
                _violations.Add(sentence);
        }
    }

    /// <summary>
    /// Call before the journal is followed beyond that sequence: the replay cannot go back, and the comparison is then skipped.
    /// </summary>
    public async Task CompareAsync(int shard, long sequence, string stateHash, CancellationToken cancellationToken)
    {
        var checker = Shard(shard);
        if (checker.Sequence > sequence)
            return;
        await checker.AdvanceAsync(cancellationToken, through: sequence);
        if (checker.Sequence < sequence)
            _violations.Add($"The live engine is at {sequence}, and the journal of shard {shard} ends at {checker.Sequence}.");
        else if (checker.StateHash != stateHash)
            _violations.Add(
                $"The live engine has the state hash {stateHash} at {sequence}; replaying the journal gives {checker.StateHash}."
            );
    }

    public override string ToString() =>
        string.Join(
            ", ",
            _shards.Select(pair =>
                (_shards.Count > 1 ? $"shard {pair.Key}: " : "")
                + $"{pair.Value.Sequence:N0} commands, {pair.Value.Trades:N0} trades, {pair.Value.OpenOrders:N0} open orders, "
                + $"epoch {pair.Value.Epoch}"
            )
        );

    private async Task<List<int>> ShardsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT generate_series(0, shard_count() - 1)");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<int>();
        while (await reader.ReadAsync(cancellationToken))
            found.Add(reader.GetInt32(0));
        return found;
    }
}
