namespace Foresight.ServiceDefaults.Redis;

/// <summary>
/// Any message may be lost, so a receiver needs another way to notice. Implemented by Redis Pub/Sub and by the simulator.
/// </summary>
public interface IBroadcast
{
    /// <summary>After a reconnection messages were probably missed, so a handler must read what it shows from its source.</summary>
    event Action? Restored;

    /// <summary>Neither waits nor fails, because no message is worth a delay of its sender: one that cannot be sent is lost.</summary>
    void Publish<T>(string channel, T message);

    void Subscribe<T>(string channel, Action<T> handle)
        where T : class;
}
