using System.Globalization;
using System.Numerics;
using Foresight.Chain;
using Foresight.Contracts;

namespace Foresight.Matching.Pipeline;

/// <summary>
/// A command from the door with its texts read. Whatever could make a commit fail for all the others of its batch (a malformed hash, a
/// character that Postgres has no place for) is refused here, before it is sequenced.
/// </summary>
internal sealed class Request : WorkItem
{
    public const int MaximumTextLength = 200;

    /// <summary>A contract wallet's signature may be longer than the 65 bytes of a key's.</summary>
    public const int MaximumSignatureBytes = 4_096;

    private Request(DoorCommand command, long deadline) => (Command, Deadline) = (command, deadline);

    public DoorCommand Command { get; }

    /// <summary>Timestamp of the node's monotonic clock after which it is not sequenced any more.</summary>
    public long Deadline { get; }

    public Address Account { get; private init; }

    /// <summary>An account that nobody has seen before gets its number by it.</summary>
    public bool MakesAccount => Command.Kind is DoorCommandKind.Place or DoorCommandKind.ObserveBalance or DoorCommandKind.AllotCollateral;

    public Hash32 OrderHash { get; private init; }
    public ulong SaltTag { get; private init; }
    public byte[] Signature { get; private init; } = [];

    /// <summary>Null unless the command is sampled. No part of what the engine sees.</summary>
    public OrderTrace? Trace { get; set; }

    public TaskCompletionSource<DoorResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Null if the command is not well formed.</summary>
    public static Request? Read(DoorCommand command, long deadline) => command.Kind switch
    {
        DoorCommandKind.Place => ReadPlace(command, deadline),
        DoorCommandKind.CancelBySalt or DoorCommandKind.CancelByHash => ReadCancel(command, deadline),
        DoorCommandKind.ReduceOrder => command.Chain is { Units: > 0 } ? ReadCancel(command, deadline) : null,
        DoorCommandKind.ObserveBalance => command.Chain is { } chain && IsOutcome(chain.Outcome) && Address.TryParse(chain.Address, out var account)
            ? new Request(command, deadline) { Account = account }
            : null,
        DoorCommandKind.AllotCollateral => command.Chain is { } change && Address.TryParse(change.Address, out var owner)
            ? new Request(command, deadline) { Account = owner }
            : null,
        DoorCommandKind.SettleTrade or DoorCommandKind.BustTrade => command.Chain is not null ? new Request(command, deadline) : null,
        DoorCommandKind.SetMarketState or DoorCommandKind.CancelAllOfMarket =>
            command.Market is { State: >= 0 and <= 3, WinningOutcome: >= 0 and <= byte.MaxValue } ? new Request(command, deadline) : null,
        _ => null,
    };

    private static Request? ReadPlace(DoorCommand command, long deadline)
    {
        if (command.Order is not { } order || !Address.TryParse(order.Maker, out var maker) || !Hash32.TryParse(order.Hash, out var hash)) return null;
        if (!IsOutcome(order.Outcome) || order.TimeInForce is < 0 or > 3 || order.SelfTradePrevention is < 0 or > 2 || order.ExpirySeconds < 0) return null;
        if (!IsText(order.ClientOrderId) || !IsText(order.IdempotencyKey) || TagOf(order.Salt) is not { } tag) return null;
        if (ReadBytes(order.Signature) is not { } signature) return null;
        return new Request(command, deadline) { Account = maker, OrderHash = hash, SaltTag = tag, Signature = signature };
    }

    private static Request? ReadCancel(DoorCommand command, long deadline)
    {
        if (command.Cancel is not { } cancel || !Address.TryParse(cancel.Maker, out var maker)) return null;
        if (command.Kind is DoorCommandKind.CancelByHash or DoorCommandKind.ReduceOrder)
            return Hash32.TryParse(cancel.Hash, out var hash) ? new Request(command, deadline) { Account = maker, OrderHash = hash } : null;
        return TagOf(cancel.Salt) is { } tag ? new Request(command, deadline) { Account = maker, SaltTag = tag } : null;
    }

    /// <summary>First 8 bytes of keccak256 of the salt as 32 bytes; null if it is not the decimal of a uint256.</summary>
    public static ulong? TagOf(string? salt)
    {
        // 2^256 has 78 decimal digits.
        if (salt is not { Length: > 0 and <= 78 } || !BigInteger.TryParse(salt, NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return null;
        if (value.GetByteCount(isUnsigned: true) > 32) return null;
        Span<byte> word = stackalloc byte[32];
        word.Clear();
        value.TryWriteBytes(word[(32 - value.GetByteCount(isUnsigned: true))..], out _, isUnsigned: true, isBigEndian: true);
        return Keccak256.Hash(word).Prefix;
    }

    private static bool IsOutcome(int outcome) => outcome is >= 0 and <= byte.MaxValue;

    private static bool IsText(string? text) => text is null || (text.Length <= MaximumTextLength && !text.Contains('\0'));

    private static byte[]? ReadBytes(string? hex)
    {
        if (hex is null || hex.Length > 2 + (2 * MaximumSignatureBytes)) return null;
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
