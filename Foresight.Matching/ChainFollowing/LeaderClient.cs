using Foresight.Chain;
using Foresight.Matching.ChainFollowing.Allotment;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.ChainFollowing;

/// <summary>Nothing is lost when the leader does not acknowledge in time: the cursor has not moved, and the step is retried.</summary>
public sealed class UndeliveredException(string message) : Exception(message);

public delegate Task<IReadOnlyList<CommandResult>> SendToLeader(IReadOnlyList<LeaderCommand> commands, CancellationToken cancellationToken);

/// <summary>Returns only when the facts are in the journal, because the cursor then moves past them.</summary>
public sealed partial class LeaderClient(
    SendToLeader send,
    Deployment deployment,
    SettlementOptions options,
    TimeProvider clock,
    ILogger logger
)
{
    private const int MaxOutstanding = 4_096;

    /// <summary>
    /// Refusals that mean "already so": the trade is closed, the order has left the book, a later block was observed, the market is closed
    /// for good, the salt is cancelled on chain. As failures they would be retried for ever and keep the cursor where it is.
    /// </summary>
    private static readonly HashSet<string> Harmless =
    [
        "unknown_trade",
        "stale_observation",
        ProblemCodes.UnknownOrder,
        ProblemCodes.CancelOnChain,
        ProblemCodes.MarketClosed,
    ];

    public LeaderCommand Settle(long tradeId, long block, bool isMixed = false) =>
        new SettleTrade(tradeId, BlockOf(block))
        {
            RequestId = RequestIds.OfFact("settle", tradeId.ToString()),
            Shard = Shards.OfId(tradeId),
            ProceedsWait = isMixed,
        };

    public LeaderCommand Bust(long tradeId, string? reason, long block) =>
        new BustTrade(tradeId, BlockOf(block), reason)
        {
            RequestId = RequestIds.OfFact("bust", tradeId.ToString()),
            Shard = Shards.OfId(tradeId),
        };

    /// <summary>
    /// An observation is absolute and carries its block, so it needs no derived id. With one, an observation refused because its market was
    /// not listed yet would get that stored refusal for ever.
    /// </summary>
    public LeaderCommand Observe(ChainHolding holding, long block)
    {
        var (account, market, outcome, purse) = ObservationRules.KeyOf(holding);
        return new ObserveBalance(account.ToLowerHex(), market, outcome, holding.Units, BlockOf(block))
        {
            RequestId = RequestIds.OfNewFact(),
            Shard = holding.Market?.Shard ?? 0,
            OfVault = purse == Engine.Purse.Vault,
        };
    }

    /// <param name="filledLots">
    /// Lots filled directly on chain since the order was made; part of the id, so that each amount is reported once.
    /// </param>
    public LeaderCommand Reduce(RestingOrder order, long filledLots) =>
        new ReduceOrder(order.Maker.ToLowerHex(), order.MarketId, order.Hash.ToString(), filledLots)
        {
            RequestId = RequestIds.OfFact("reduce", order.Hash.ToString(), filledLots.ToString()),
            Shard = ShardOf(order.MarketId),
        };

    public LeaderCommand Withdraw(RestingOrder order, long tradeId) =>
        new CancelByHash(order.Maker.ToLowerHex(), order.MarketId, order.Hash.ToString())
        {
            RequestId = RequestIds.OfFact("withdraw", tradeId.ToString(), order.Hash.ToString()),
            Shard = ShardOf(order.MarketId),
        };

    /// <summary>Signed by a key that its maker has replaced.</summary>
    public LeaderCommand WithdrawOfKey(RestingOrder order) =>
        new CancelByHash(order.Maker.ToLowerHex(), order.MarketId, order.Hash.ToString())
        {
            RequestId = RequestIds.OfFact("former-key", order.Hash.ToString()),
            Shard = ShardOf(order.MarketId),
        };

    /// <summary>
    /// The state is absolute, so that sending it twice is harmless. A derived id would make the leader ignore the second pause of a market.
    /// </summary>
    public LeaderCommand SetState(int marketId, Engine.MarketState state) =>
        new SetMarketState(marketId, (int)state) { RequestId = RequestIds.OfNewFact(), Shard = ShardOf(marketId) };

    public LeaderCommand CancelSalt(Address maker, int marketId, System.Numerics.BigInteger salt, Hash32 transaction, int logIndex) =>
        new CancelBySalt(maker.ToLowerHex(), marketId, salt.ToString())
        {
            RequestId = CancelSaltIds(transaction, logIndex)[0],
            Shard = ShardOf(marketId),
        };

    /// <summary>The second is that of older rows of the journal.</summary>
    public static Guid[] CancelSaltIds(Hash32 transaction, int logIndex)
    {
        ReadOnlySpan<string> words = ["chain-cancel-salt", transaction.ToString(), logIndex.ToString()];
        return [RequestIds.OfFact(words), RequestIds.UntaggedOfFact(words)];
    }

    public LeaderCommand Resolve(int marketId, int outcome, Hash32 transaction) =>
        new SetMarketState(marketId, (int)Engine.MarketState.Resolved, outcome)
        {
            RequestId = RequestIds.OfFact("resolve", marketId.ToString(), transaction.ToString()),
            Shard = ShardOf(marketId),
        };

    /// <summary>Absolute, like an observation.</summary>
    public LeaderCommand SetFirmTerms(int shard, long untilSeconds, long trades) =>
        new SetFirmTerms(untilSeconds, trades) { RequestId = RequestIds.OfNewFact(), Shard = shard };

    /// <summary>Without a block: every observation until then includes what was paid.</summary>
    public LeaderCommand EndWithdrawal(Address account, ulong nonce, int shard, bool isPaid) =>
        new EndWithdrawal(account.ToLowerHex(), nonce, isPaid ? 0 : null) { RequestId = RequestIds.OfNewFact(), Shard = shard };

    public LeaderCommand Close(LostMarket lost) =>
        new SetMarketState(lost.Id, (int)Engine.MarketState.Closed)
        {
            RequestId = RequestIds.OfFact("close-lost", lost.Id.ToString()),
            Shard = lost.Shard,
        };

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

    /// <summary>
    /// A difference, so it must never get a second id, not even while nodes of two versions take turns: it keeps the one without a tag. If
    /// another command has taken that, the change is refused, and the next observation decides again.
    /// </summary>
    public LeaderCommand Allot(OpenChange change) =>
        new AllotCollateral(change.Account.ToLowerHex(), change.Units, change.Block, OnlyFree: change.MoveTo is not null)
        {
            RequestId = RequestIds.UntaggedOfFact("allot", change.Id.ToString()),
            Shard = change.Shard,
        };

    /// <summary>
    /// The engine's count of blocks continues across redeployments, because it refuses observations older than what it knows.
    /// </summary>
    public long BlockOf(long block) => block + deployment.BlockOffset;

    /// <summary>Returns rejections instead of throwing: a rejected change had no effect, and the caller decides again.</summary>
    /// <exception cref="UndeliveredException">At least one command is not acknowledged.</exception>
    public async Task<IReadOnlyList<CommandResult>> AskAsync(IReadOnlyList<LeaderCommand> commands, CancellationToken cancellationToken)
    {
        var deadline = clock.GetUtcNow() + options.DeliveryDeadline;
        var results = await send([.. commands.Select(c => c with { Deadline = deadline })], cancellationToken);
        for (var i = 0; i < commands.Count; i++)
            if (results[i].Status is not (ResultStatus.Accepted or ResultStatus.Rejected))
                throw new UndeliveredException(
                    $"{commands[i].Kind} was not acknowledged by the leader of shard {commands[i].Shard}: {results[i].Status}."
                );
        return results;
    }

    /// <exception cref="UndeliveredException">
    /// At least one command is not acknowledged. The next step sends all of them again, which is harmless.
    /// </exception>
    public async Task DeliverAsync(IReadOnlyList<LeaderCommand> commands, CancellationToken cancellationToken)
    {
        foreach (var part in commands.Chunk(MaxOutstanding))
        {
            var deadline = clock.GetUtcNow() + options.DeliveryDeadline;
            var results = await send([.. part.Select(c => c with { Deadline = deadline })], cancellationToken);
            var withoutRoom = new List<LeaderCommand>();
            for (var i = 0; i < part.Length; i++)
            {
                if (IsWithoutRoom(part[i], results[i]))
                    withoutRoom.Add(part[i]);
                else
                    Check(part[i], results[i]);
            }

            if (withoutRoom.Count > 0)
                Log.NoRoom(logger, withoutRoom.Count, withoutRoom[0]);
        }
    }

    /// <summary>
    /// The engine is at a limit that strangers can reach, so it takes no new account or holding until a release raises the limit. To go on
    /// leaves that one without; to wait would stop everybody. A settlement is not skipped, because the ledger would miss it for good.
    /// </summary>
    private static bool IsWithoutRoom(LeaderCommand command, CommandResult result) =>
        command is ObserveBalance && result is { Status: ResultStatus.Rejected, Code: "no_room" };

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
                throw new UndeliveredException($"{command.Kind} was refused by the leader: {result.Code}.");
            default:
                throw new UndeliveredException($"{command.Kind} was not acknowledged by the leader: {result.Status}.");
        }
    }

    private int ShardOf(int marketId) => deployment.Market(marketId).Shard;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Command {Kind} had no effect: {Code}.")]
        public static partial void Harmless(ILogger logger, string kind, string code);

        [LoggerMessage(
            LogLevel.Error,
            "The engine has no room for {Holdings} holdings, which cannot be traded here. The first is of {Command}."
        )]
        public static partial void NoRoom(ILogger logger, int holdings, LeaderCommand command);

        [LoggerMessage(LogLevel.Error, "Command {Command} was refused by the leader: {Code}.")]
        public static partial void Refused(ILogger logger, LeaderCommand command, string? code);
    }
}
