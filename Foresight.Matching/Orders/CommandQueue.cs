using System.Threading.Channels;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Matching.Orders;

internal abstract class WorkItem;

/// <summary>Wakes the loop, so that its timers run while no command arrives.</summary>
internal sealed class Tick : WorkItem;

/// <summary>Answered by the loop, because only its thread may read the engine.</summary>
internal sealed class ProofRequest : WorkItem
{
    public TaskCompletionSource<StateDigest?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Receivers may have missed messages, so they get a snapshot of every market's depth.</summary>
internal sealed class DepthRequest : WorkItem;

/// <summary>
/// Input that would fail the commit of the whole batch (a malformed hash, a character that Postgres cannot store) is refused here, before
/// it is sequenced.
/// </summary>
internal sealed class QueuedCommand : WorkItem
{
    public const int MaximumTextLength = 200;

    private QueuedCommand(LeaderCommand command, long deadline) => (Command, Deadline) = (command, deadline);

    public LeaderCommand Command { get; }

    /// <summary>
    /// On the node's monotonic clock, because wall clocks may jump. After it the command is refused instead of sequenced.
    /// </summary>
    public long Deadline { get; }

    public Address Account { get; private init; }

    /// <summary>True for facts of the chain that give an account an id. An order gives none: its maker may own nothing.</summary>
    public bool MakesAccount => Command is ObserveBalance or AllotCollateral;

    public Hash32 OrderHash { get; private init; }
    public ulong SaltTag { get; private init; }
    public byte[] Signature { get; private init; } = [];

    /// <summary>The registered key that signed the order or the cancel; null if its maker or their contract did.</summary>
    public Address? SigningKey { get; private init; }

    /// <summary>Null unless the command is sampled. Never passed to the engine, whose results must not depend on it.</summary>
    public OrderTrace? Trace { get; set; }

    public TaskCompletionSource<CommandResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The kind of the engine's command, by which the journal stores it.</summary>
    public CommandKind Kind =>
        Command switch
        {
            PlaceOrder => CommandKind.PlaceOrder,
            CancelBySalt => CommandKind.CancelBySalt,
            CancelByHash => CommandKind.CancelOrder,
            ReduceOrder => CommandKind.ReduceOrder,
            ObserveBalance or AllotCollateral => CommandKind.ObserveBalance,
            SettleTrade => CommandKind.SettleTrade,
            BustTrade => CommandKind.BustTrade,
            SetFirmTerms => CommandKind.SetFirmTerms,
            GrantWithdrawal => CommandKind.GrantWithdrawal,
            EndWithdrawal { Block: null } => CommandKind.LapseWithdrawal,
            EndWithdrawal => CommandKind.PayWithdrawal,
            SetMarketState => CommandKind.SetMarketState,
            CancelAllOfMarket => CommandKind.CancelAllOfMarket,
            _ => CommandKind.None,
        };

    /// <summary>
    /// Of an order with an idempotency key: the id that an Api node of another version gives it. Else null.
    /// </summary>
    public Guid? OtherId { get; private init; }

    /// <summary>All under which an earlier result may be stored.</summary>
    public Guid[] Ids => OtherId is { } other ? [Command.RequestId, other] : [Command.RequestId];

    /// <summary>Null too if the command carries an id of another origin: the journal never has one.</summary>
    public static QueuedCommand? Read(LeaderCommand command, long deadline) =>
        RequestIds.MayCarry(command) ? ReadUnderAnyId(command, deadline) : null;

    /// <summary>Apart, so that the simulator can leave out the check of the id.</summary>
    internal static QueuedCommand? ReadUnderAnyId(LeaderCommand command, long deadline) =>
        command switch
        {
            PlaceOrder order => ReadOrder(order, deadline),
            CancelBySalt cancel => ReadCancel(cancel, deadline),
            CancelByHash cancel => ReadOfOrder(command, cancel.Maker, cancel.Hash, deadline),
            ReduceOrder reduce => reduce.FilledLots > 0 ? ReadOfOrder(command, reduce.Maker, reduce.Hash, deadline) : null,
            ObserveBalance observed => IsOutcome(observed.Outcome) ? ReadOfAccount(command, observed.Account, deadline) : null,
            AllotCollateral allot => ReadOfAccount(command, allot.Account, deadline),
            GrantWithdrawal grant => IsOutcome(grant.Outcome) ? ReadOfAccount(command, grant.Account, deadline) : null,
            EndWithdrawal end => ReadOfAccount(command, end.Account, deadline),
            SetMarketState { State: < 0 or > 3 } or SetMarketState { WinningOutcome: < 0 or > byte.MaxValue } => null,
            SettleTrade or BustTrade or SetMarketState or CancelAllOfMarket or SetFirmTerms => new QueuedCommand(command, deadline),
            _ => null,
        };

    private static QueuedCommand? ReadOrder(PlaceOrder order, long deadline)
    {
        if (!Address.TryParse(order.Maker, out var maker) || !Hash32.TryParse(order.Hash, out var hash))
            return null;
        if (
            !IsOutcome(order.Outcome)
            || order.TimeInForce is < 0 or > 3
            || order.SelfTradePrevention is < 0 or > 2
            || order.Purse is < 0 or > 2
            || order.ExpirySeconds < 0
        )
            return null;
        if (!IsText(order.ClientOrderId) || !IsText(order.IdempotencyKey) || TagOf(order.Salt) is not { } tag)
            return null;
        if (SignedTexts.Signature(order.Signature) is not { } signature)
            return null;
        if (!TryReadKey(order.SigningKey, MayBeByKey(order), out var key))
            return null;
        return new QueuedCommand(order, deadline)
        {
            Account = maker,
            OrderHash = hash,
            SaltTag = tag,
            Signature = signature,
            SigningKey = key,
            OtherId = OtherIdOf(order),
        };
    }

    private static QueuedCommand? ReadCancel(CancelBySalt cancel, long deadline)
    {
        if (!Address.TryParse(cancel.Maker, out var maker) || TagOf(cancel.Salt) is not { } tag)
            return null;
        if (!TryReadKey(cancel.SigningKey, cancel is { Signature: not null, SignedByContract: false }, out var key))
            return null;
        return new QueuedCommand(cancel, deadline)
        {
            Account = maker,
            SaltTag = tag,
            SigningKey = key,
        };
    }

    private static bool TryReadKey(string? text, bool mayBeByKey, out Address? key)
    {
        key = null;
        if (text is null)
            return true;
        if (!mayBeByKey || !Address.TryParse(text, out var read))
            return false;
        key = read;
        return true;
    }

    /// <summary>A registered key signs for what is in the vault, and no contract was asked about its signature.</summary>
    private static bool MayBeByKey(PlaceOrder order) => !order.SignedByContract && (PurseChoice)order.Purse != PurseChoice.Wallet;

    private static Guid? OtherIdOf(PlaceOrder order)
    {
        if (order.IdempotencyKey is not { } key)
            return null;
        var (tagged, untagged) = (RequestIds.OfKey(order.Maker, key), RequestIds.UntaggedOfKey(order.Maker, key));
        return order.RequestId == tagged ? untagged
            : order.RequestId == untagged ? tagged
            : null;
    }

    private static QueuedCommand? ReadOfOrder(LeaderCommand command, string maker, string hash, long deadline) =>
        Address.TryParse(maker, out var account) && Hash32.TryParse(hash, out var order)
            ? new QueuedCommand(command, deadline) { Account = account, OrderHash = order }
            : null;

    private static QueuedCommand? ReadOfAccount(LeaderCommand command, string address, long deadline) =>
        Address.TryParse(address, out var account) ? new QueuedCommand(command, deadline) { Account = account } : null;

    /// <summary>Null if the text is not the decimal of a uint256. Must not change, because stored rows contain it.</summary>
    public static ulong? TagOf(string? salt) => SignedTexts.Salt(salt) is { } value ? OrderSigning.SaltTag(value) : null;

    private static bool IsOutcome(int outcome) => outcome is >= 0 and <= byte.MaxValue;

    private static bool IsText(string? text) => text is null || (text.Length <= MaximumTextLength && !text.Contains('\0'));
}

/// <summary>Bounded, so that a slow journal leads to refusals instead of growing delays; closed when the term ends.</summary>
internal sealed class CommandQueue(long epoch)
{
    private readonly Channel<WorkItem> _items = Channel.CreateUnbounded<WorkItem>(new UnboundedChannelOptions { SingleReader = true });
    private int _waiting;

    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>
    /// Null if the command was added. A full queue refuses with <see cref="ResultStatus.Late"/>, a closed one with <see
    /// cref="ResultStatus.NotLeader"/>, so that only the latter sends the caller to another node.
    /// </summary>
    public ResultStatus? TryAdd(QueuedCommand request)
    {
        if (Interlocked.Increment(ref _waiting) > MatchingLimits.WaitingCommands)
        {
            Interlocked.Decrement(ref _waiting);
            return ResultStatus.Late;
        }

        if (_items.Writer.TryWrite(request))
            return null;
        Interlocked.Decrement(ref _waiting);
        return ResultStatus.NotLeader;
    }

    /// <summary>
    /// Not subject to the bound, because these items are few and a loaded loop needs them too. False if the queue is closed.
    /// </summary>
    public bool TryAddControl(WorkItem item) => _items.Writer.TryWrite(item);

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (!await _items.Reader.WaitToReadAsync(cancellationToken))
            throw new OperationCanceledException("The queue is closed.");
    }

    public List<WorkItem> Take()
    {
        var taken = new List<WorkItem>();
        while (taken.Count < MatchingLimits.BatchCommands && _items.Reader.TryRead(out var item))
            taken.Add(item);
        Interlocked.Add(ref _waiting, -taken.Count(item => item is QueuedCommand));
        return taken;
    }

    /// <summary>No command in the queue was sequenced, so the callers can safely retry elsewhere.</summary>
    public void Close()
    {
        _items.Writer.TryComplete();
        while (_items.Reader.TryRead(out var item))
            Refuse(item);
    }

    /// <summary>An item that will never be handled is answered, so that no caller waits for its timeout.</summary>
    public void Refuse(WorkItem item)
    {
        if (item is QueuedCommand { Command.RequestId: var id } request)
            request.Answer.TrySetResult(new CommandResult(id, ResultStatus.NotLeader, ProblemCodes.NotLeader, epoch));
        else if (item is ProofRequest proof)
            proof.Answer.TrySetResult(null);
    }
}
