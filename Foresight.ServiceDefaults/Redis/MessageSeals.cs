using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.ServiceDefaults.Redis;

public sealed class MessageSeals(ClusterKeys keys, NodeIdentity identity, TimeProvider clock)
{
    public MessageSealer SealerOf(string channel) => new(keys, channel, identity, clock);

    public MessageVerifier VerifierOf(string channel) => new(keys, channel, clock);

    public ReceiveQueue NewQueue() => new(clock);
}
