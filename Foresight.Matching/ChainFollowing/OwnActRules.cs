using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.ChainFollowing;

/// <summary>A fill of an account's order is made by others, so what left the account by it is not the account's own act. Pure.</summary>
public static class OwnActRules
{
    public static IReadOnlyList<Hash32> Topics { get; } =
    [
        UsdcContract.TransferEvent.Topic,
        UsdcContract.ApprovalEvent.Topic,
        OutcomeTokenContract.TransferSingleEvent.Topic,
        OutcomeTokenContract.TransferBatchEvent.Topic,
        OutcomeTokenContract.ApprovalForAllEvent.Topic,
        MarketEvents.OrderFilled.Topic,
        MarketEvents.SaltCancelled.Topic,
    ];

    /// <summary>
    /// What others took by filling the account's orders explains nothing: it is blamed only if it took back its approval, or would have
    /// had enough without what it moved away itself (docs/decisions/0661).
    /// </summary>
    /// <param name="balance">In the block of the failure, like the approval.</param>
    /// <param name="tookBackApproval">It may have given it again since.</param>
    public static bool Explains(BigInteger needed, BigInteger balance, bool isApproved, BigInteger movedAway, bool tookBackApproval) =>
        (movedAway.Sign > 0 && balance + movedAway >= needed) || (tookBackApproval && (!isApproved || balance >= needed));

    /// <summary>In micro-USDC. Leaves out what fills of the account's orders took, because others make them.</summary>
    public static BigInteger CollateralMovedAway(Deployment deployment, IReadOnlyList<EventLog> logs, Address account)
    {
        var left = logs.Where(log => log.Address == deployment.Usdc && UsdcContract.TransferEvent.Matches(log))
            .Select(log => (log.TransactionHash, Event: UsdcContract.TransferEvent.Decode(log)))
            .Where(move => move.Event.Address("from") == account)
            .Select(move => (move.TransactionHash, Amount: move.Event.Integer("value")));
        var byFills = Fills(deployment, logs)
            .Where(fill => fill.Maker == account && fill.IsBuy)
            .Select(fill => (fill.Position.TransactionHash, Amount: fill.Price * fill.Amount / BigInteger.Pow(10, 18)));
        return Difference(left, byFills);
    }

    /// <summary>In 10^-18 shares. Leaves out what fills of the account's orders took, because others make them.</summary>
    public static BigInteger SharesMovedAway(
        Deployment deployment,
        IReadOnlyList<EventLog> logs,
        Address account,
        DeployedMarket market,
        int outcome
    )
    {
        var id = OutcomeTokenContract.IdOf(market.Address, outcome);
        var left = logs.Where(log => log.Address == deployment.OutcomeToken)
            .SelectMany(ShareMoves)
            .Where(move => move.From == account && move.Id == id)
            .Select(move => (move.Transaction, move.Amount));
        var byFills = Fills(deployment, logs)
            .Where(fill => fill.Maker == account && !fill.IsBuy && fill.Position.Market == market.Address && fill.OutcomeIndex == outcome)
            .Select(fill => (fill.Position.TransactionHash, fill.Amount));
        return Difference(left, byFills);
    }

    /// <summary>
    /// An approval is for all trades of an account at once, so any that is lower than the one before takes something back. Some tokens
    /// report what a transfer has left of an approval as its change, so those in the transaction of another's fill do not count.
    /// </summary>
    /// <param name="before">In micro-USDC: what was approved before the logs; null if the node does not have that state any more.</param>
    /// <param name="needed">In micro-USDC, by the trade; decides where <paramref name="before"/> is not known.</param>
    public static bool TookBackCollateralApproval(
        Deployment deployment,
        IReadOnlyList<EventLog> logs,
        Address account,
        BigInteger? before,
        BigInteger needed
    )
    {
        var byFills = Fills(deployment, logs)
            .Where(fill => fill.Maker == account)
            .Select(fill => fill.Position.TransactionHash)
            .ToHashSet();
        var values = logs.Where(log => log.Address == deployment.Usdc && UsdcContract.ApprovalEvent.Matches(log))
            .Where(log => !byFills.Contains(log.TransactionHash))
            .Select(UsdcContract.ApprovalEvent.Decode)
            .Where(e => e.Address("owner") == account && e.Address("spender") == deployment.Factory)
            .Select(e => e.Integer("value"));
        var last = before ?? needed;
        foreach (var value in values)
        {
            if (value < last)
                return true;
            last = value;
        }

        return false;
    }

    public static bool TookBackShareApproval(Deployment deployment, IReadOnlyList<EventLog> logs, Address account) =>
        logs.Where(log => log.Address == deployment.OutcomeToken && OutcomeTokenContract.ApprovalForAllEvent.Matches(log))
            .Select(OutcomeTokenContract.ApprovalForAllEvent.Decode)
            .Any(e => e.Address("account") == account && e.Address("operator") == deployment.Factory && !e.Bool("approved"));

    /// <summary>
    /// Anyone can send a maker's signed request to cancel, so the sender need not be the maker. Null if the logs have no such cancel.
    /// </summary>
    public static MarketEvent.SaltCancelled? CancelOf(IReadOnlyList<EventLog> logs, Address market, Address maker, BigInteger salt) =>
        logs.Where(log => log.Address == market)
            .Select(MarketEvents.TryDecode)
            .OfType<MarketEvent.SaltCancelled>()
            .FirstOrDefault(cancel => cancel.Maker == maker && cancel.Salt == salt);

    private static IEnumerable<MarketEvent.OrderFilled> Fills(Deployment deployment, IReadOnlyList<EventLog> logs) =>
        logs.Where(log => deployment.Find(log.Address) is not null).Select(MarketEvents.TryDecode).OfType<MarketEvent.OrderFilled>();

    private static IEnumerable<(Hash32 Transaction, Address From, BigInteger Id, BigInteger Amount)> ShareMoves(EventLog log)
    {
        if (OutcomeTokenContract.TransferSingleEvent.Matches(log))
        {
            var e = OutcomeTokenContract.TransferSingleEvent.Decode(log);
            yield return (log.TransactionHash, e.Address("from"), e.Integer("id"), e.Integer("value"));
        }
        else if (OutcomeTokenContract.TransferBatchEvent.Matches(log))
        {
            var e = OutcomeTokenContract.TransferBatchEvent.Decode(log);
            var (ids, amounts) = ((object[])e["ids"], (object[])e["values"]);
            for (var i = 0; i < ids.Length; i++)
                yield return (log.TransactionHash, e.Address("from"), (BigInteger)ids[i], (BigInteger)amounts[i]);
        }
    }

    /// <summary>
    /// Compared transaction by transaction, because a fill takes only in its own: a large fill must not hide a transfer in another
    /// transaction.
    /// </summary>
    private static BigInteger Difference(
        IEnumerable<(Hash32 Transaction, BigInteger Amount)> left,
        IEnumerable<(Hash32 Transaction, BigInteger Amount)> byFills
    )
    {
        var taken = byFills.ToLookup(fill => fill.Transaction, fill => fill.Amount);
        return Sum(
            left.GroupBy(move => move.Transaction, move => move.Amount)
                .Select(moves => Sum(moves) - Sum(taken[moves.Key]))
                .Where(own => own.Sign > 0)
        );
    }

    internal static BigInteger Sum(IEnumerable<BigInteger> amounts) => amounts.Aggregate(BigInteger.Zero, (sum, amount) => sum + amount);
}
