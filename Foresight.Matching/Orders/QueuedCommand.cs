using System.Globalization;
using System.Numerics;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Matching.Orders;

/// <summary>
/// A gateway command with its texts parsed. Input that would fail the commit of the whole batch (a malformed hash, a character that
/// Postgres cannot store) is refused here, before it is sequenced.
/// </summary>
internal sealed class QueuedCommand : WorkItem
{
    public const int MaximumTextLength = 200;

    /// <summary>An ERC-1271 signature of a contract wallet may be longer than the 65 bytes of a key's.</summary>
    public const int MaximumSignatureBytes = 4_096;

    private QueuedCommand(LeaderCommand command, long deadline) => (Command, Deadline) = (command, deadline);

    public LeaderCommand Command { get; }

    /// <summary>Timestamp of the node's monotonic clock after which the command is refused instead of sequenced.</summary>
    public long Deadline { get; }

    public Address Account { get; private init; }

    public bool MakesAccount => Command is PlaceOrder or ObserveBalance or AllotCollateral;

    public Hash32 OrderHash { get; private init; }
    public ulong SaltTag { get; private init; }
    public byte[] Signature { get; private init; } = [];

    /// <summary>Null unless the command is sampled. Never passed to the engine, whose results must not depend on it.</summary>
    public OrderTrace? Trace { get; set; }

    public TaskCompletionSource<CommandResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static QueuedCommand? Read(LeaderCommand command, long deadline) =>
        command switch
        {
            PlaceOrder order => ReadOrder(order, deadline),
            CancelBySalt cancel => Address.TryParse(cancel.Maker, out var maker) && TagOf(cancel.Salt) is { } tag
                ? new QueuedCommand(command, deadline) { Account = maker, SaltTag = tag }
                : null,
            CancelByHash cancel => ReadOfOrder(command, cancel.Maker, cancel.Hash, deadline),
            ReduceOrder reduce => reduce.FilledLots > 0 ? ReadOfOrder(command, reduce.Maker, reduce.Hash, deadline) : null,
            ObserveBalance observed => IsOutcome(observed.Outcome) ? ReadOfAccount(command, observed.Account, deadline) : null,
            AllotCollateral allot => ReadOfAccount(command, allot.Account, deadline),
            SetMarketState { State: < 0 or > 3 } or SetMarketState { WinningOutcome: < 0 or > byte.MaxValue } => null,
            SettleTrade or BustTrade or SetMarketState or CancelAllOfMarket => new QueuedCommand(command, deadline),
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
            || order.ExpirySeconds < 0
        )
            return null;
        if (!IsText(order.ClientOrderId) || !IsText(order.IdempotencyKey) || TagOf(order.Salt) is not { } tag)
            return null;
        if (ReadBytes(order.Signature) is not { } signature)
            return null;
        return new QueuedCommand(order, deadline)
        {
            Account = maker,
            OrderHash = hash,
            SaltTag = tag,
            Signature = signature,
        };
    }

    private static QueuedCommand? ReadOfOrder(LeaderCommand command, string maker, string hash, long deadline) =>
        Address.TryParse(maker, out var account) && Hash32.TryParse(hash, out var order)
            ? new QueuedCommand(command, deadline) { Account = account, OrderHash = order }
            : null;

    private static QueuedCommand? ReadOfAccount(LeaderCommand command, string address, long deadline) =>
        Address.TryParse(address, out var account) ? new QueuedCommand(command, deadline) { Account = account } : null;

    /// <summary>The first 8 bytes of keccak256 of the salt as a big-endian uint256; null if the text is not the decimal of one.</summary>
    public static ulong? TagOf(string? salt)
    {
        // 2^256 has 78 decimal digits.
        if (
            salt is not { Length: > 0 and <= 78 }
            || !BigInteger.TryParse(salt, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        )
            return null;
        if (value.GetByteCount(isUnsigned: true) > 32)
            return null;
        Span<byte> word = stackalloc byte[32];
        word.Clear();
        value.TryWriteBytes(word[(32 - value.GetByteCount(isUnsigned: true))..], out _, isUnsigned: true, isBigEndian: true);
        return Keccak256.Hash(word).Prefix;
    }

    private static bool IsOutcome(int outcome) => outcome is >= 0 and <= byte.MaxValue;

    private static bool IsText(string? text) => text is null || (text.Length <= MaximumTextLength && !text.Contains('\0'));

    private static byte[]? ReadBytes(string? hex)
    {
        if (hex is null || hex.Length > 2 + (2 * MaximumSignatureBytes))
            return null;
        try
        {
            return Hex.Decode(hex);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
