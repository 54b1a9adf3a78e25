using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;

namespace Foresight.Matching.ChainFollowing;

/// <summary>As the column has it.</summary>
public enum LeavingState : short
{
    Leaving = 0,
    Cancelled = 1,
    Finished = 2,
    Drawn = 3,
}

/// <summary>What is leaving of a purse from its block on.</summary>
/// <param name="RequestedAt">Unix seconds, as are the other times.</param>
/// <param name="NextBlock">Block of the change that came after it; null: it holds.</param>
public sealed record LeavingRow(
    AssetKey Purse,
    LeavingState State,
    long Units,
    long RequestedBlock,
    long RequestedAt,
    long ReadyBlock,
    long ReadyAt,
    long Block,
    int LogIndex,
    long ChangedAt,
    byte[] TransactionHash,
    long? NextBlock = null
);

public static class LeavingRules
{
    /// <param name="changes">In the chain's order.</param>
    /// <param name="before">What held of these purses before.</param>
    /// <param name="timeOf">Unix seconds of a block.</param>
    /// <returns>In the chain's order; the last one of a purse holds.</returns>
    public static IReadOnlyList<LeavingRow> Of(
        IEnumerable<PurseChange> changes,
        IReadOnlyDictionary<AssetKey, LeavingRow> before,
        Func<long, long> timeOf
    )
    {
        var now = new Dictionary<AssetKey, LeavingRow>(before);
        var places = new Dictionary<AssetKey, int>();
        var rows = new List<LeavingRow>();
        foreach (var change in changes)
        {
            var purse = KeyOf(change);
            var request = change.Kind == PurseChangeKind.Requested ? change : null;
            // A database that was set up after the request has nothing to end.
            if (request is null && now.GetValueOrDefault(purse) is not { State: LeavingState.Leaving })
                continue;
            var last = now.GetValueOrDefault(purse);
            var row = new LeavingRow(
                purse,
                StateAfter(change),
                change.Units,
                request?.Block ?? last!.RequestedBlock,
                request is null ? last!.RequestedAt : timeOf(request.Block),
                request?.ReadyBlock ?? last!.ReadyBlock,
                request?.ReadyTime ?? last!.ReadyAt,
                change.Block,
                change.LogIndex,
                timeOf(change.Block),
                change.Transaction.ToBytes()
            );
            if (places.TryGetValue(purse, out var place))
                rows[place] = rows[place] with { NextBlock = change.Block };
            places[purse] = rows.Count;
            rows.Add(row);
            now[purse] = row;
        }

        return rows;
    }

    public static AssetKey KeyOf(PurseChange change) =>
        change.Market is { } market
            ? new(change.Account, market.Id, change.Outcome, Engine.Purse.Vault)
            : new(change.Account, 0, Command.CollateralOutcome, Engine.Purse.Vault);

    private static LeavingState StateAfter(PurseChange change) =>
        change.Kind switch
        {
            PurseChangeKind.Cancelled => LeavingState.Cancelled,
            PurseChangeKind.Finished => LeavingState.Finished,
            PurseChangeKind.Drawn when change.Units == 0 => LeavingState.Drawn,
            _ => LeavingState.Leaving,
        };
}
