using Foresight.Chain;
using Foresight.Matching.ChainFollowing.Allotment;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.ChainFollowing;

/// <summary>The leader could not be told in time. Nothing is lost: the cursor has not moved, and the step is tried again.</summary>
public sealed class UndeliveredException(string message) : Exception(message);

/// <summary>Hands commands to the leader; the answers come in their order. LeaderRouter.SendAsync, or a test's own leader.</summary>
public delegate Task<IReadOnlyList<CommandResult>> SendToLeader(IReadOnlyList<LeaderCommand> commands, CancellationToken cancellationToken);

/// <summary>Tells the leading engine what the chain says, and comes back only when it is in the journal.</summary>
public sealed partial class LeaderClient(
    SendToLeader send,
    Deployment deployment,
    SettlementOptions options,
    TimeProvider clock,
    ILogger logger
)
{
    /// <summary>Commands on their way at once; the router forms batches of them.</summary>
    private const int MaxOutstanding = 4_096;

    /// <summary>
    /// Refusals that mean "that is so already": the trade is closed, the order has left the
    /// book, a later block was observed, the market is closed for good.
    /// </summary>
    private static readonly HashSet<string> Harmless =
    [
        "unknown_trade",
        "stale_observation",
        ProblemCodes.UnknownOrder,
        ProblemCodes.MarketClosed,
    ];

    public LeaderCommand Settle(long tradeId, long block) =>
        new SettleTrade(tradeId, BlockOf(block))
        {
            RequestId = DerivedRequestId.Of("settle", tradeId.ToString()),
            Shard = Shards.OfId(tradeId),
        };

    public LeaderCommand Bust(long tradeId, string? reason, long block) =>
        new BustTrade(tradeId, BlockOf(block), reason)
        {
            RequestId = DerivedRequestId.Of("bust", tradeId.ToString()),
            Shard = Shards.OfId(tradeId),
        };

    /// <summary>
    /// An observation is absolute and carries its block, so it needs no name of its own: one that was refused (its market was not listed
    /// yet) must not be answered with that refusal for ever.
    /// </summary>
    public LeaderCommand Observe(ChainHolding holding, long block)
    {
        var (market, outcome) = ObservationRules.AssetOf(holding);
        return new ObserveBalance(holding.Account.ToLowerHex(), market, outcome, holding.Units, BlockOf(block))
        {
            RequestId = Guid.NewGuid(),
            Shard = holding.Market?.Shard ?? 0,
        };
    }

    /// <param name="filledLots">Filled directly on chain since the order was made, so that each number is reported once.</param>
    public LeaderCommand Reduce(RestingOrder order, long filledLots) =>
        new ReduceOrder(order.Maker.ToLowerHex(), order.MarketId, order.Hash.ToString(), filledLots)
        {
            RequestId = DerivedRequestId.Of("reduce", order.Hash.ToString(), filledLots.ToString()),
            Shard = ShardOf(order.MarketId),
        };

    /// <summary>Of a wallet whose word does not hold any more: the orders that it signed cannot settle either.</summary>
    public LeaderCommand Withdraw(RestingOrder order, long tradeId) =>
        new CancelByHash(order.Maker.ToLowerHex(), order.MarketId, order.Hash.ToString())
        {
            RequestId = DerivedRequestId.Of("withdraw", tradeId.ToString(), order.Hash.ToString()),
            Shard = ShardOf(order.MarketId),
        };

    /// <summary>A pause, its end, or an invalidation. Absolute, so it needs no name of its own.</summary>
    public LeaderCommand SetState(int marketId, Engine.MarketState state) =>
        new SetMarketState(marketId, (int)state) { RequestId = Guid.NewGuid(), Shard = ShardOf(marketId) };

    public LeaderCommand CancelSalt(Address maker, int marketId, System.Numerics.BigInteger salt, Hash32 transaction, int logIndex) =>
        new CancelBySalt(maker.ToLowerHex(), marketId, salt.ToString())
        {
            RequestId = DerivedRequestId.Of("chain-cancel-salt", transaction.ToString(), logIndex.ToString()),
            Shard = ShardOf(marketId),
        };

    public LeaderCommand Resolve(int marketId, int outcome, Hash32 transaction) =>
        new SetMarketState(marketId, (int)Engine.MarketState.Resolved, outcome)
        {
            RequestId = DerivedRequestId.Of("resolve", marketId.ToString(), transaction.ToString()),
            Shard = ShardOf(marketId),
        };

    /// <summary>A market of a chain that is gone.</summary>
    public LeaderCommand Close(LostMarket lost) =>
        new SetMarketState(lost.Id, (int)Engine.MarketState.Closed)
        {
            RequestId = DerivedRequestId.Of("close-lost", lost.Id.ToString()),
            Shard = lost.Shard,
        };

    /// <summary>
    /// Tells what accounts own: shares to their market's shard, collateral to the one shard there is, or divided over several.
    /// </summary>
    public async Task ObserveAsync(IReadOnlyList<ChainHolding> changed, long block, Allotter? allotter, CancellationToken cancellationToken)
    {
        if (changed.Count == 0)
            return;
        await DeliverAsync(
            [.. changed.Where(holding => allotter is null || holding.Market is not null).Select(holding => Observe(holding, block))],
            cancellationToken
        );
        if (allotter is not null)
            await allotter.ObserveAsync([.. changed.Where(holding => holding.Market is null)], BlockOf(block), cancellationToken);
    }

    /// <summary>A shard's part of an account's collateral changes, once for each number of a change.</summary>
    public LeaderCommand Allot(OpenChange change) =>
        new AllotCollateral(change.Account.ToLowerHex(), change.Units, change.Block, OnlyFree: change.MoveTo is not null)
        {
            RequestId = DerivedRequestId.Of("allot", change.Id.ToString()),
            Shard = change.Shard,
        };

    /// <summary>A block as the exchange counts them.</summary>
    public long BlockOf(long block) => block + deployment.BlockOffset;

    /// <summary>The leaders' answers, which may be refusals.</summary>
    /// <exception cref="UndeliveredException">At least one is not acknowledged.</exception>
    public async Task<IReadOnlyList<CommandResult>> AskAsync(IReadOnlyList<LeaderCommand> commands, CancellationToken cancellationToken)
    {
        var deadline = clock.GetUtcNow() + options.DeliveryDeadline;
        var results = await send([.. commands.Select(c => c with { Deadline = deadline })], cancellationToken);
        for (var i = 0; i < commands.Count; i++)
            if (results[i].Status is not (ResultStatus.Accepted or ResultStatus.Rejected))
                throw new UndeliveredException(
                    $"The leader of shard {commands[i].Shard} has not acknowledged {commands[i].Kind}: {results[i].Status}."
                );
        return results;
    }

    /// <exception cref="UndeliveredException">At least one is not acknowledged; all are sent again with the next step.</exception>
    public async Task DeliverAsync(IReadOnlyList<LeaderCommand> commands, CancellationToken cancellationToken)
    {
        foreach (var part in commands.Chunk(MaxOutstanding))
        {
            var deadline = clock.GetUtcNow() + options.DeliveryDeadline;
            var results = await send([.. part.Select(c => c with { Deadline = deadline })], cancellationToken);
            for (var i = 0; i < part.Length; i++)
                Check(part[i], results[i]);
        }
    }

    private void Check(LeaderCommand command, CommandResult result)
    {
        switch (result.Status)
        {
            case ResultStatus.Accepted or ResultStatus.Duplicate:
                return;
            case ResultStatus.Rejected when Harmless.Contains(result.Code ?? ""):
                Log.Harmless(logger, command.Kind, result.Code!);
                return;
            case ResultStatus.Rejected:
                Log.Refused(logger, command, result.Code);
                throw new UndeliveredException($"The leader refuses {command.Kind}: {result.Code}.");
            default:
                throw new UndeliveredException($"The leader has not acknowledged {command.Kind}: {result.Status}.");
        }
    }

    private int ShardOf(int marketId) => deployment.Market(marketId).Shard;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "{Kind} changed nothing: {Code}.")]
        public static partial void Harmless(ILogger logger, string kind, string code);

        [LoggerMessage(LogLevel.Error, "The leader refuses {Command}: {Code}.")]
        public static partial void Refused(ILogger logger, LeaderCommand command, string? code);
    }
}
