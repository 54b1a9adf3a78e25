using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <param name="Block">
/// The block that mined the failure. Null for a trade that failed in simulation, which is judged at the head instead.
/// </param>
public sealed record FailedTrade(long TradeId, int MarketId, DateTimeOffset MatchedAt, long? Block);

/// <summary>
/// A failure alone proves nothing against the account that it names: a stranger may have filled another order of the account or sent its
/// cancel, and a compromised node may have forged its order.
/// </summary>
public sealed class OwnActs(Deployment deployment, EthereumClient client, ChainReader reader, FollowerStore store, SettlementStore trades)
{
    /// <summary>Acts of the account in the blocks just before the match count too: they are not seen in time to prevent it.</summary>
    private const int SecondsBeforeTheMatch = 30;

    /// <summary>
    /// Nodes without an archive keep the state of 128 blocks. Beyond this margin the head's state is used instead of an error.
    /// </summary>
    private const int BlocksOfState = 100;

    /// <param name="range">The most blocks that are read.</param>
    /// <exception cref="RpcException">The chain cannot be read: no account is judged without evidence.</exception>
    public async Task<IReadOnlyList<Attribution>> ProvenAsync(
        IReadOnlyList<Attribution> suspected,
        int range,
        CancellationToken cancellationToken
    )
    {
        if (suspected.Count == 0)
            return [];
        // Trades that failed in simulation are judged up to here: the submitter may have seen a newer block than this step of the follower.
        var head = await client.BlockNumberAsync(cancellationToken);
        var ids = suspected.Select(s => s.TradeId).ToList();
        var failed = await store.ReadFailedAsync(ids, cancellationToken);
        var legs = await trades.ReadLegsAsync(ids, cancellationToken);
        var proven = new List<Attribution>();
        // Trades of one batch share their block, and so the logs before it.
        foreach (var group in suspected.Where(s => failed.ContainsKey(s.TradeId)).GroupBy(s => failed[s.TradeId].Block ?? head))
        {
            var to = Math.Min(group.Key, head);
            var judged = await JudgedAsync(group, failed, to, cancellationToken);
            if (judged.Count == 0)
                continue;
            var from = await FirstBlockAsync(judged.Min(s => failed[s.TradeId].MatchedAt), to, range, cancellationToken);
            var logs = await LogsAsync(from, to, cancellationToken);
            var state = new StateBlocks(
                OfFailure: head - to < BlocksOfState ? to : head,
                BeforeLogs: head - from < BlocksOfState && from > deployment.DeployedBlock ? from - 1 : null
            );
            foreach (var suspicion in judged)
            {
                var trade = failed[suspicion.TradeId];
                if (await IsOwnActAsync(suspicion, trade, [.. legs[trade.TradeId]], logs, state, cancellationToken))
                    proven.Add(suspicion);
            }
        }

        return proven;
    }

    /// <summary>
    /// Who leaves without the relayer moves money and takes approvals back, as it is meant to be: after a silence as long as the longest
    /// life of an order, an account owes no trade from before it (docs/decisions/0664).
    /// </summary>
    private async Task<IReadOnlyList<Attribution>> JudgedAsync(
        IEnumerable<Attribution> suspected,
        Dictionary<long, FailedTrade> failed,
        long block,
        CancellationToken cancellationToken
    )
    {
        var header =
            await client.GetBlockAsync(block, cancellationToken)
            ?? throw new InconsistentChainException($"The node does not have block {block}, which it had before.");
        var oldest = DateTimeOffset.FromUnixTimeSeconds(header.Timestamp) - deployment.LongestOrderLife;
        return [.. suspected.Where(s => failed[s.TradeId].MatchedAt >= oldest)];
    }

    /// <param name="OfFailure">At which balances and approvals are read.</param>
    /// <param name="BeforeLogs">The block before the first one that was read; null if nodes need not have its state any more.</param>
    private readonly record struct StateBlocks(long OfFailure, long? BeforeLogs);

    private async Task<bool> IsOwnActAsync(
        Attribution suspicion,
        FailedTrade trade,
        IReadOnlyList<TradeLeg> legs,
        IReadOnlyList<EventLog> logs,
        StateBlocks state,
        CancellationToken cancellationToken
    )
    {
        switch (suspicion)
        {
            case { Code: SettlementFailure.InsufficientCollateral, Account: { } payer }:
                return await MissedCollateralAsync(payer, legs, logs, state, cancellationToken);
            case { Code: SettlementFailure.InsufficientShares, Account: { } seller }:
                return await MissedSharesAsync(seller, deployment.Market(trade.MarketId), legs, logs, state.OfFailure, cancellationToken);
            case { Code: SettlementFailure.OrderCancelled, Order: { } hash }:
                return await CancelledAsync(hash, trade, legs, logs, cancellationToken);
            case { Code: SettlementFailure.InvalidSignature, Account: { } maker }:
                // A contract decides again on each call, and the leader asks it about each order that is sent as signed by a contract. That
                // the account has no code now is its own act as well (EIP-7702). A key's signature never becomes invalid, so an order that
                // was sent as signed by a key is a forgery that the relayer accepted.
                return await store.SignedByContractAsync(trade.TradeId, maker, cancellationToken);
            case { Code: SettlementFailure.TransferRefused or SettlementFailure.PayoutRefused, Account: { } blocked }:
                // Being blocked by the token's issuer is no act of the account. Ordering again after a trade failed for that reason is.
                return await store.WasRefusedBeforeAsync(trade.TradeId, blocked, cancellationToken);
            default:
                return false;
        }
    }

    private async Task<bool> MissedCollateralAsync(
        Address payer,
        IReadOnlyList<TradeLeg> legs,
        IReadOnlyList<EventLog> logs,
        StateBlocks state,
        CancellationToken cancellationToken
    )
    {
        var needed = OwnActRules.Sum(legs.Where(leg => leg.IsBuy && IsOf(leg, payer)).Select(leg => (BigInteger)leg.PriceTicks * leg.Lots));
        var usdc = new UsdcContract(client, deployment.Usdc);
        var balance = await usdc.BalanceOfAsync(payer, state.OfFailure, cancellationToken);
        var allowance = await usdc.AllowanceAsync(payer, deployment.Factory, state.OfFailure, cancellationToken);
        BigInteger? approvedBefore = state.BeforeLogs is { } before
            ? await usdc.AllowanceAsync(payer, deployment.Factory, before, cancellationToken)
            : null;
        return OwnActRules.Explains(
            needed,
            balance,
            allowance >= needed,
            OwnActRules.CollateralMovedAway(deployment, logs, payer),
            OwnActRules.TookBackCollateralApproval(deployment, logs, payer, approvedBefore, needed)
        );
    }

    private async Task<bool> MissedSharesAsync(
        Address seller,
        DeployedMarket market,
        IReadOnlyList<TradeLeg> legs,
        IReadOnlyList<EventLog> logs,
        long block,
        CancellationToken cancellationToken
    )
    {
        var token = new OutcomeTokenContract(client, deployment.OutcomeToken);
        var isApproved = await token.IsApprovedForAllAsync(seller, deployment.Factory, block, cancellationToken);
        var tookBack = OwnActRules.TookBackShareApproval(deployment, logs, seller);
        foreach (var sold in legs.Where(leg => !leg.IsBuy && IsOf(leg, seller)).GroupBy(leg => leg.Outcome))
        {
            var needed = OwnActRules.Sum(sold.Select(leg => leg.Lots * OrderMessage.AmountPerLot));
            var id = OutcomeTokenContract.IdOf(market.Address, sold.Key);
            var balance = await token.BalanceOfAsync(seller, id, block, cancellationToken);
            var moved = OwnActRules.SharesMovedAway(deployment, logs, seller, market, sold.Key);
            if (OwnActRules.Explains(needed, balance, isApproved, moved, tookBack))
                return true;
        }

        return false;
    }

    /// <summary>
    /// A cancel that the maker sent is its act, and so is a signed request that it gave to another. But a request that the relayer was
    /// given may have leaked from here.
    /// </summary>
    private async Task<bool> CancelledAsync(
        Hash32 hash,
        FailedTrade trade,
        IReadOnlyList<TradeLeg> legs,
        IReadOnlyList<EventLog> logs,
        CancellationToken cancellationToken
    )
    {
        if (legs.FirstOrDefault(leg => new Hash32(leg.OrderHash) == hash) is not { } order)
            return false;
        var maker = new Address(order.Maker);
        if (OwnActRules.CancelOf(logs, deployment.Market(trade.MarketId).Address, maker, order.Salt) is not { } cancel)
            return false;
        var observed = LeaderClient.CancelSaltIds(cancel.Position.TransactionHash, cancel.Position.LogIndex);
        return cancel.By == maker || !await store.MayHaveCancelledHereAsync(hash, observed, cancellationToken);
    }

    private async Task<long> FirstBlockAsync(DateTimeOffset matched, long to, int range, CancellationToken cancellationToken)
    {
        var since = matched.ToUnixTimeSeconds() - SecondsBeforeTheMatch;
        var (first, last) = (Math.Max(Math.Max(0, deployment.DeployedBlock), to - range + 1), to);
        while (first < last)
        {
            var middle = first + ((last - first) / 2);
            var header =
                await client.GetBlockAsync(middle, cancellationToken)
                ?? throw new InconsistentChainException($"The node does not have block {middle}, which is before block {to}.");
            if (header.Timestamp >= since)
                last = middle;
            else
                first = middle + 1;
        }

        return first;
    }

    private async Task<IReadOnlyList<EventLog>> LogsAsync(long from, long to, CancellationToken cancellationToken) =>
        (
            await reader.ReadAsync(
                from,
                to,
                before: null,
                [deployment.Usdc, deployment.OutcomeToken, .. deployment.Markets.Select(market => market.Address)],
                OwnActRules.Topics,
                cancellationToken
            )
        ).Logs;

    private static bool IsOf(TradeLeg leg, Address account) => new Address(leg.Maker) == account;
}
