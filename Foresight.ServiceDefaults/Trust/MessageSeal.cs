using System.Security.Cryptography;

namespace Foresight.ServiceDefaults.Trust;

public enum SealFault
{
    None,

    /// <summary>Its writer is no node of the cluster, or runs another version.</summary>
    Unsealed,

    Oversized,

    UnknownKey,

    Forged,

    Stale,

    Replayed,

    TooManySenders,
}

/// <summary>
/// Tag (32 bytes, HMAC-SHA256 of the rest), version (1), key id (8, ASCII), boot id (8), counter (8), time of sending (8, Unix
/// milliseconds), length of the sender's name (1), the name (ASCII), content. Numbers are little-endian. The channel is not in the message,
/// because each has a key of its own.
/// </summary>
public static class MessageSeal
{
    /// <summary>
    /// A full book of a binary market at every price has about 1.1 MB; a book above the bound is read from the journal instead.
    /// </summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>A cluster has some tens of nodes, and a restarted one counts again until its old counter is forgotten.</summary>
    public const int MaxSenders = 1_024;

    /// <summary>
    /// Delay of the delivery plus difference of the two clocks, in both directions. A captured message can be shown to a process that has
    /// just started for this long.
    /// </summary>
    public static readonly TimeSpan MaxClockDistance = TimeSpan.FromSeconds(10);

    internal const byte Version = 1;
    internal const int KeyIdBytes = 8;
    internal const int VersionAt = PurposeKeys.TagBytes;
    internal const int KeyIdAt = VersionAt + 1;
    internal const int BootAt = KeyIdAt + KeyIdBytes;
    internal const int CounterAt = BootAt + sizeof(long);
    internal const int TimeAt = CounterAt + sizeof(long);
    internal const int SenderLengthAt = TimeAt + sizeof(long);
    internal const int SenderAt = SenderLengthAt + 1;

    internal static PurposeMac MacOf(ClusterKeys keys, string channel) => keys.For("messages " + channel).ForOneThread();

    /// <summary>Random, because two processes of one name must not share a series of counters.</summary>
    internal static long NewBoot() => BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
}
