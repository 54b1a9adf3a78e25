using System.Buffers.Binary;
using System.Text;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.ServiceDefaults.Trust;

/// <summary>Not thread-safe: messages must leave in the order in which they were sealed, so a caller holds one lock for both.</summary>
/// <param name="channel">Full name, with the cluster's prefix.</param>
public sealed class MessageSealer(ClusterKeys keys, string channel, NodeIdentity sender, TimeProvider clock)
{
    private readonly PurposeMac _mac = MessageSeal.MacOf(keys, channel);
    private readonly long _boot = MessageSeal.NewBoot();
    private long _counter;

    public byte[] Seal(ReadOnlySpan<byte> content)
    {
        var name = sender.Id;
        var contentAt = MessageSeal.SenderAt + name.Length;
        var message = new byte[contentAt + content.Length];
        message[MessageSeal.VersionAt] = MessageSeal.Version;
        Encoding.ASCII.GetBytes(_mac.CurrentId, message.AsSpan(MessageSeal.KeyIdAt));
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(MessageSeal.BootAt), _boot);
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(MessageSeal.CounterAt), ++_counter);
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(MessageSeal.TimeAt), clock.GetUtcNow().ToUnixTimeMilliseconds());
        message[MessageSeal.SenderLengthAt] = (byte)name.Length;
        Encoding.ASCII.GetBytes(name, message.AsSpan(MessageSeal.SenderAt));
        content.CopyTo(message.AsSpan(contentAt));
        _mac.Sign(message.AsSpan(MessageSeal.VersionAt), message.AsSpan(0, PurposeKeys.TagBytes));
        return message;
    }
}
