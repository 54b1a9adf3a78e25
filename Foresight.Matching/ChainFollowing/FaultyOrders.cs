using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Cluster.Offenders;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// An order that is cancelled, filled or expired on chain, or that its maker never signed, fails every match, and so does every order of an
/// account that takes back what its contract had accepted, or whose transfers the token refuses. They leave the book before the trade that
/// showed it is bust, so that none of them costs a second taker its fill.
/// </summary>
public sealed class FaultyOrders(FollowerStore store, UnconfirmedStore unconfirmed, DirectFills direct, LeaderClient leader)
{
    /// <param name="facts">
    /// Facts of all blocks between the follower's cursor and <paramref name="block"/>: a trade settled in a missing one would look like a
    /// direct fill.
    /// </param>
    public async Task<IReadOnlyList<LeaderCommand>> CommandsAsync(
        IReadOnlyList<(long TradeId, string? Reason)> failed,
        BlockFacts facts,
        long block,
        CancellationToken cancellationToken
    )
    {
        var commands = new List<LeaderCommand>();
        var withdrawn = new HashSet<Address>();
        foreach (var (trade, reason) in failed)
        {
            if (FailureReasons.WithdrawnAccount(reason) is not { } account || !withdrawn.Add(account))
                continue;
            commands.AddRange(
                (await unconfirmed.ReadRestingOfAsync(account, cancellationToken)).Select(order => leader.Withdraw(order, trade))
            );
        }

        var orders = failed
            .Where(f => FailureReasons.OrderAtFault(f.Reason) is not null)
            .GroupBy(f => FailureReasons.OrderAtFault(f.Reason)!.Value)
            .ToDictionary(g => g.Key, g => g.Last());
        if (orders.Count == 0)
            return commands;
        var resting = await store.ReadRestingAsync(orders.Keys, cancellationToken);
        var filled = resting.Where(order => IsOverfilled(orders[order.Hash].Reason)).ToList();
        var reduced = (await direct.OfAsync(filled, facts, block, cancellationToken)).ToDictionary(r => r.Order, r => r.Lots);
        foreach (var order in resting)
        {
            commands.Add(
                reduced.TryGetValue(order, out var lots) ? leader.Reduce(order, lots) : leader.Withdraw(order, orders[order.Hash].TradeId)
            );
        }

        return commands;
    }

    /// <summary>
    /// Earlier orders of an account whose score refuses new ones are no more reliable than the next ones, so they are withdrawn.
    /// </summary>
    public async Task<IReadOnlyList<LeaderCommand>> OfRefusedAsync(
        IReadOnlyCollection<long> attributed,
        OffenderOptions options,
        CancellationToken cancellationToken
    )
    {
        var commands = new List<LeaderCommand>();
        foreach (var (account, trade, now, strikes) in await unconfirmed.ReadStrikesAsync(attributed, cancellationToken))
        {
            if (OffenderRules.StandingOf(strikes, options, now).Level != OffenderLevel.Refused)
                continue;
            commands.AddRange(
                (await unconfirmed.ReadRestingOfAsync(account, cancellationToken)).Select(order => leader.Withdraw(order, trade))
            );
        }

        return commands;
    }

    /// <summary>
    /// An order that others filled directly on chain is reduced by that amount, because its maker could not prevent it. It is withdrawn
    /// only if that does not explain the failure.
    /// </summary>
    public static bool IsOverfilled(string? reason) => FailureReasons.CodeOf(reason) == SettlementFailure.OrderOverfilled;
}
