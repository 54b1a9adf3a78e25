using System.Buffers.Binary;

namespace Foresight.ServiceDefaults.Trust;

/// <summary>Remembers each sender's last counter and time, so that no message is accepted twice. Not thread-safe.</summary>
/// <param name="channel">Full name, with the cluster's prefix.</param>
public sealed class MessageVerifier(ClusterKeys keys, string channel, TimeProvider clock)
{
    /// <summary>In milliseconds.</summary>
    private static readonly long MaxDistance = (long)MessageSeal.MaxClockDistance.TotalMilliseconds;

    private readonly PurposeMac _mac = MessageSeal.MacOf(keys, channel);
    private readonly Dictionary<long, Sender> _senders = [];
    private bool _hasMissed;

    /// <summary>
    /// True once after a sender's counter left numbers out, went back, or was one of those left out: messages of it have not been believed.
    /// </summary>
    public bool TakeMissed()
    {
        var hasMissed = _hasMissed;
        _hasMissed = false;
        return hasMissed;
    }

    /// <param name="content">A part of the message, not a copy; empty with a fault.</param>
    public SealFault Open(ReadOnlyMemory<byte> message, out ReadOnlyMemory<byte> content)
    {
        content = default;
        var bytes = message.Span;
        if (bytes.Length > MessageSeal.MaxBytes)
            return SealFault.Oversized;
        if (
            bytes.Length < MessageSeal.SenderAt
            || bytes[MessageSeal.VersionAt] != MessageSeal.Version
            || bytes.Length < MessageSeal.SenderAt + bytes[MessageSeal.SenderLengthAt]
        )
            return SealFault.Unsealed;

        var keyId = bytes.Slice(MessageSeal.KeyIdAt, MessageSeal.KeyIdBytes);
        var matches = _mac.Matches(keyId, bytes[MessageSeal.VersionAt..], bytes[..PurposeKeys.TagBytes]);
        if (matches is not true)
            return matches is null ? SealFault.UnknownKey : SealFault.Forged;

        // Compared as numbers, because a node that is broken can seal one that is no time at all.
        var sentAt = BinaryPrimitives.ReadInt64LittleEndian(bytes[MessageSeal.TimeAt..]);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (sentAt < now - MaxDistance || sentAt > now + MaxDistance)
            return SealFault.Stale;
        var fault = Advance(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[MessageSeal.BootAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[MessageSeal.CounterAt..]),
            sentAt
        );
        if (fault == SealFault.None)
            content = message[(MessageSeal.SenderAt + bytes[MessageSeal.SenderLengthAt])..];
        return fault;
    }

    /// <summary>
    /// A replay repeats both a counter and a time of sending. So a message later than all before it is none, whatever its counter: another
    /// node has counted too far under this sender's boot id, and the true sender goes on. A counter that such a jump left out proves that
    /// something is missing, but its message is not believed before it is the latest, because it may have been captured. Nor is one that
    /// jumps to an earlier time, because it may be the one that counted too far.
    /// </summary>
    private SealFault Advance(long boot, long counter, long sentAt)
    {
        if (!_senders.TryGetValue(boot, out var last))
        {
            if (_senders.Count >= MessageSeal.MaxSenders && !ForgetSilent())
                return SealFault.TooManySenders;
            _senders[boot] = new Sender(counter, sentAt, BeforeJump: 0, JumpedTo: counter);
            return SealFault.None;
        }

        var isAbove = counter > last.Counter;
        if (isAbove && counter - 1 == last.Counter)
        {
            // The next in turn is believed at an earlier time too: the sender's clock was set back.
            _senders[boot] = last with
            {
                Counter = counter,
                SentAt = Math.Max(sentAt, last.SentAt),
            };
            return SealFault.None;
        }

        if (isAbove ? sentAt < last.SentAt : sentAt <= last.SentAt)
        {
            _hasMissed |= isAbove || counter > last.BeforeJump && counter < last.JumpedTo;
            return SealFault.Replayed;
        }

        _hasMissed = true;
        _senders[boot] = new Sender(counter, sentAt, BeforeJump: isAbove ? last.Counter : counter, JumpedTo: counter);
        return SealFault.None;
    }

    /// <summary>
    /// A sender's clock may have been set back between two of its messages, so a sender is dropped only when all its messages are stale by
    /// twice the distance.
    /// </summary>
    private bool ForgetSilent()
    {
        var silentSince = clock.GetUtcNow().ToUnixTimeMilliseconds() - (2 * MaxDistance);
        foreach (var (boot, sender) in _senders)
            if (sender.SentAt < silentSince)
                _senders.Remove(boot);
        return _senders.Count < MessageSeal.MaxSenders;
    }

    /// <param name="Counter">Of the last message that was believed.</param>
    /// <param name="SentAt">
    /// The latest of all: a clock that was set back must not make an earlier message look like a later one.
    /// </param>
    /// <param name="BeforeJump">With <paramref name="JumpedTo"/> the counters that the last jump left out, both exclusive.</param>
    private readonly record struct Sender(long Counter, long SentAt, long BeforeJump, long JumpedTo);
}
