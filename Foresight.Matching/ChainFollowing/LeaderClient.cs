using Foresight.Chain;
using Foresight.Contracts;
using Foresight.Matching.ChainFollowing.Allotment;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <summary>The leader could not be told in time. Nothing is lost: the cursor has not moved, and the step is tried again.</summary>
public sealed class UndeliveredException(string message) : Exception(message);

/// <summary>Hands commands to the leader; the answers come in their order. LeaderRouter.SendAsync, or a test's own leader.</summary>
public delegate Task<IReadOnlyList<DoorResult>> SendToLeader(IReadOnlyList<DoorCommand> commands, CancellationToken cancellation);

/// <summary>Tells the leading engine what the chain says, and comes back only when it is in the journal.</summary>
public sealed partial class LeaderClient(SendToLeader send, Deployment deployment, SettlementOptions options, TimeProvider clock, ILogger logger)
{
    /// <summary>Commands on their way at once; the router forms batches of them.</summary>
    private const int MaxOutstanding = 4_096;

    /// <summary>
    /// Refusals that mean "that is so already": the trade is closed, the order has left the book, a later block was observed, the market is closed
    /// for good.
    /// </summary>
    private static readonly HashSet<string> Harmless = ["unknown_trade", "stale_observation", ProblemCodes.UnknownOrder, ProblemCodes.MarketClosed];

    public DoorCommand Settle(long tradeId, long block) => New(
        DerivedRequestId.Of("settle", tradeId.ToString()), DoorCommandKind.SettleTrade,
        Shards.OfId(tradeId), chain: new DoorChain(tradeId, null, 0, 0, 0, block + deployment.BlockOffset, null));

    public DoorCommand Bust(long tradeId, string? reason, long block) => New(
        DerivedRequestId.Of("bust", tradeId.ToString()), DoorCommandKind.BustTrade,
        Shards.OfId(tradeId), chain: new DoorChain(tradeId, null, 0, 0, 0, block + deployment.BlockOffset, reason));

    /// <summary>
    /// An observation is absolute and carries its block, so it needs no name of its own: one that was refused (its market was not listed yet)
    /// must not be answered with that refusal for ever.
    /// </summary>
    public DoorCommand Observe(ChainHolding holding, long block)
    {
        var (market, outcome) = ObservationRules.AssetOf(holding);
        return New(
            Guid.NewGuid(), DoorCommandKind.ObserveBalance, holding.Market?.Shard ?? 0,
            chain: new DoorChain(0, holding.Account.ToLowerHex(), market, outcome, holding.Units, block + deployment.BlockOffset, null));
    }

    /// <param name="filledLots">Filled directly on chain since the order was made, so that each number is told once.</param>
    public DoorCommand Reduce(RestingOrder order, long filledLots, long block) => New(
        DerivedRequestId.Of("reduce", order.Hash.ToString(), filledLots.ToString()), DoorCommandKind.ReduceOrder, deployment.Market(order.MarketId).Shard,
        cancel: new DoorCancel(order.Maker.ToLowerHex(), order.MarketId, order.Hash.ToString(), null),
        chain: new DoorChain(0, null, 0, 0, filledLots, block + deployment.BlockOffset, null));

    /// <summary>Of a wallet whose word does not hold any more: the orders that it signed cannot settle either.</summary>
    public DoorCommand Withdraw(RestingOrder order, long tradeId) => New(
        DerivedRequestId.Of("withdraw", tradeId.ToString(), order.Hash.ToString()), DoorCommandKind.CancelByHash, deployment.Market(order.MarketId).Shard,
        cancel: new DoorCancel(order.Maker.ToLowerHex(), order.MarketId, order.Hash.ToString(), null));

    /// <summary>A pause, its end, or an invalidation. Absolute, so it needs no name of its own.</summary>
    public DoorCommand SetState(int marketId, Exchange.MarketState state) => New(
        Guid.NewGuid(), DoorCommandKind.SetMarketState, deployment.Market(marketId).Shard, market: new DoorMarket(marketId, (int)state, 0));

    public DoorCommand CancelSalt(Address maker, int marketId, System.Numerics.BigInteger salt, Hash32 transaction, int logIndex) => New(
        DerivedRequestId.Of("chain-cancel-salt", transaction.ToString(), logIndex.ToString()), DoorCommandKind.CancelBySalt,
        deployment.Market(marketId).Shard, cancel: new DoorCancel(maker.ToLowerHex(), marketId, null, salt.ToString()));

    public DoorCommand Resolve(int marketId, int outcome, Hash32 transaction) => New(
        DerivedRequestId.Of("resolve", marketId.ToString(), transaction.ToString()), DoorCommandKind.SetMarketState,
        deployment.Market(marketId).Shard, market: new DoorMarket(marketId, (int)Exchange.MarketState.Resolved, outcome));

    /// <summary>A market of a chain that is gone.</summary>
    public DoorCommand Close(LostMarket lost) => New(
        DerivedRequestId.Of("close-lost", lost.Id.ToString()), DoorCommandKind.SetMarketState, lost.Shard,
        market: new DoorMarket(lost.Id, (int)Exchange.MarketState.Closed, 0));

    /// <summary>Tells what accounts own: shares to their market's shard, collateral to the one shard there is, or divided over several.</summary>
    public async Task ObserveAsync(IReadOnlyList<ChainHolding> changed, long block, Allotter? allotter, CancellationToken cancellation)
    {
        if (changed.Count == 0) return;
        await DeliverAsync([.. changed.Where(holding => allotter is null || holding.Market is not null).Select(holding => Observe(holding, block))], cancellation);
        if (allotter is not null) await allotter.ObserveAsync([.. changed.Where(holding => holding.Market is null)], BlockOf(block), cancellation);
    }

    /// <summary>A shard's part of an account's collateral changes, once for each number of a change.</summary>
    public DoorCommand Allot(OpenChange change) => New(
        DerivedRequestId.Of("allot", change.Id.ToString()), DoorCommandKind.AllotCollateral, change.Shard,
        chain: new DoorChain(0, change.Account.ToLowerHex(), 0, Exchange.Command.CollateralOutcome, change.Units, change.Block, null, OnlyFree: change.MoveTo is not null));

    /// <summary>A block as the exchange counts them.</summary>
    public long BlockOf(long block) => block + deployment.BlockOffset;

    /// <summary>The leaders' answers, which may be refusals.</summary>
    /// <exception cref="UndeliveredException">At least one is not acknowledged.</exception>
    public async Task<IReadOnlyList<DoorResult>> AskAsync(IReadOnlyList<DoorCommand> commands, CancellationToken cancellation)
    {
        var deadline = clock.GetUtcNow() + options.DeliveryDeadline;
        var results = await send([.. commands.Select(c => c with { Deadline = deadline })], cancellation);
        for (var i = 0; i < commands.Count; i++)
            if (results[i].Status is not (DoorStatus.Accepted or DoorStatus.Rejected))
                throw new UndeliveredException($"The leader of shard {commands[i].Shard} has not acknowledged {commands[i].Kind}: {results[i].Status}.");
        return results;
    }

    /// <exception cref="UndeliveredException">At least one is not acknowledged; all are sent again with the next step.</exception>
    public async Task DeliverAsync(IReadOnlyList<DoorCommand> commands, CancellationToken cancellation)
    {
        foreach (var part in commands.Chunk(MaxOutstanding))
        {
            var deadline = clock.GetUtcNow() + options.DeliveryDeadline;
            var results = await send([.. part.Select(c => c with { Deadline = deadline })], cancellation);
            for (var i = 0; i < part.Length; i++) Check(part[i], results[i]);
        }
    }

    private void Check(DoorCommand command, DoorResult result)
    {
        switch (result.Status)
        {
            case DoorStatus.Accepted or DoorStatus.Duplicate:
                return;
            case DoorStatus.Rejected when Harmless.Contains(result.Code ?? ""):
                Log.Harmless(logger, command.Kind, result.Code!);
                return;
            case DoorStatus.Rejected:
                Log.Refused(logger, command.Kind, command.Chain?.TradeId ?? 0, command.Chain?.Address, result.Code);
                throw new UndeliveredException($"The leader refuses {command.Kind}: {result.Code}.");
            default:
                throw new UndeliveredException($"The leader has not acknowledged {command.Kind}: {result.Status}.");
        }
    }

    private static DoorCommand New(Guid id, DoorCommandKind kind, int shard, DoorCancel? cancel = null, DoorChain? chain = null, DoorMarket? market = null)
        => new(id, kind, DateTimeOffset.MinValue, null, cancel, chain, market, shard);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "{Kind} changed nothing: {Code}.")]
        public static partial void Harmless(ILogger logger, DoorCommandKind kind, string code);

        [LoggerMessage(LogLevel.Error, "The leader refuses {Kind} (trade {TradeId}, account {Account}): {Code}.")]
        public static partial void Refused(ILogger logger, DoorCommandKind kind, long tradeId, string? account, string? code);
    }
}
