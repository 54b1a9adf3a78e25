namespace Foresight.ServiceDefaults.Redis;

/// <summary>Messages to all current subscribers; any of them may be lost. Implemented by Redis Pub/Sub and by the simulator.</summary>
public interface IBroadcast
{
    /// <summary>Raised after a reconnection: messages were probably missed.</summary>
    event Action? Restored;

    /// <summary>Neither waits nor fails: a message that cannot be sent is lost.</summary>
    void Publish<T>(string channel, T message);

    void Subscribe<T>(string channel, Action<T> handle)
        where T : class;
}
