using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Protocol;

namespace Foresight.Matching.ChainFollowing.Allotment;

/// <summary>
/// Keeps the shards' parts of every account's collateral within the chain's balance. A change is stored before it is sent, and sent with a
/// request id derived from its number until it is acknowledged, if need be by the next node that follows the chain: each change is applied
/// exactly once, despite crashes and late messages. Not used with one shard, whose part is everything.
/// </summary>
public sealed partial class Allotter(Term term, AllotmentStore store, LeaderClient leader, int shards, TimeProvider clock, ILogger logger)
{
    /// <summary>One pass to lower, one to raise, and one for what settled in the meantime.</summary>
    private const int MaximumPasses = 3;

    private const int MovesPerLook = 256;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    private long[]? _seen;
    private long _lastLook;

    /// <summary>
    /// Finishes the changes of earlier terms too. Nothing new is decided before that: a change on its way could make the parts exceed the
    /// chain's balance.
    /// </summary>
    /// <exception cref="UndeliveredException">A shard has not acknowledged; its changes remain open.</exception>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        while (await store.ReadOpenAsync(cancellationToken) is { Count: > 0 } open)
        {
            var results = await leader.AskAsync([.. open.Select(leader.Allot)], cancellationToken);
            var following = new List<NewChange>();
            for (var i = 0; i < open.Count; i++)
            {
                var (change, result) = (open[i], results[i]);
                // A refused change had no effect; the next observation decides again.
                if (result.Status == ResultStatus.Rejected)
                    Log.Refused(logger, change.Account, change.Shard, change.Units, result.Code);
                else if (change.MoveTo is { } to && result.Units is < 0 and var taken)
                    following.Add(new NewChange(change.Account, to, -taken, change.Block));
            }

            await store.CloseAsync(term, [.. open.Select(change => change.Id)], following, cancellationToken);
        }
    }

    /// <param name="block">
    /// In the engine's count: the chain's own number may be below what the engine has seen, and would be refused as stale.
    /// </param>
    public async Task ObserveAsync(IReadOnlyList<ChainHolding> collateral, long block, CancellationToken cancellationToken)
    {
        if (collateral.Count > 0)
            await FinishAsync(cancellationToken);
        for (var pass = 0; collateral.Count > 0 && pass < MaximumPasses; pass++)
        {
            var parts = await store.ReadPartsAsync([.. collateral.Select(holding => holding.Account)], shards, cancellationToken);
            var changes = collateral.SelectMany(holding => Changes(holding, parts.GetValueOrDefault(holding.Account), block)).ToList();
            if (changes.Count == 0)
                return;
            foreach (var some in changes.Chunk(AllotmentStore.MaxOpen))
            {
                await store.OpenAsync(term, some, cancellationToken);
                await FinishAsync(cancellationToken);
            }
        }
    }

    /// <summary>
    /// Collateral is taken from the other shards first, and only the amount that they acknowledge is added here, so that the parts never
    /// exceed the chain's balance. The order is not retried; its trader can send it again.
    /// </summary>
    public async Task MoveAsync(long block, CancellationToken cancellationToken)
    {
        if (_seen is not null && clock.GetElapsedTime(_lastLook) < LookInterval)
            return;
        _lastLook = clock.GetTimestamp();
        var heads = await store.ReadHeadsAsync(shards, cancellationToken);
        var demands = new List<Demand>();
        for (var shard = 0; _seen is not null && shard < shards; shard++)
            if (heads[shard] > _seen[shard])
                demands.AddRange(await store.ReadDemandsAsync(shard, _seen[shard], heads[shard], cancellationToken));
        _seen = heads;
        if (demands.Count == 0)
            return;
        await FinishAsync(cancellationToken);
        var wanted = demands.DistinctBy(demand => demand.Account).Take(MovesPerLook).ToList();
        var parts = await store.ReadPartsAsync([.. wanted.Select(demand => demand.Account)], shards, cancellationToken);
        var moves = wanted
            .Where(demand => parts.ContainsKey(demand.Account))
            .SelectMany(demand =>
                AllotmentRules
                    .Fetch(demand.Shard, demand.Cost, parts[demand.Account])
                    .Select(change => new NewChange(demand.Account, change.Shard, change.Units, block, demand.Shard))
            )
            .ToList();
        if (moves.Count == 0)
            return;
        await store.OpenAsync(term, moves, cancellationToken);
        await FinishAsync(cancellationToken);
        Log.Moved(logger, moves.Select(move => move.Account).Distinct().Count());
    }

    private IEnumerable<NewChange> Changes(ChainHolding holding, Allotment[]? parts, long block)
    {
        var home = AllotmentRules.HomeOf(holding.Account.ToBytes(), shards);
        // The account is created nevertheless, so that money which arrives later is observed.
        if (parts is null && holding.Units == 0)
            return [new NewChange(holding.Account, home, 0, block)];
        parts ??= [.. Enumerable.Range(0, shards).Select(shard => new Allotment(shard, 0, 0))];
        return AllotmentRules
            .Next(holding.Units, parts, home)
            .Select(change => new NewChange(holding.Account, change.Shard, change.Units, block));
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Allotment change of account {Account} on shard {Shard} by {Units} was refused: {Code}. Nothing was changed."
        )]
        public static partial void Refused(ILogger logger, Address account, int shard, long units, string? code);

        [LoggerMessage(LogLevel.Debug, "Moved collateral of {Accounts} accounts to the shards that refused their orders.")]
        public static partial void Moved(ILogger logger, int accounts);
    }
}
