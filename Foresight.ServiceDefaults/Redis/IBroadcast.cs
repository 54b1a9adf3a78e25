namespace Foresight.ServiceDefaults.Redis;

/// <summary>Messages to all current listeners; any of them may be lost. Redis Pub/Sub, or the simulator's.</summary>
public interface IBroadcast
{
    /// <summary>Raised after the connection came back: messages were probably missed.</summary>
    event Action? Restored;

    /// <summary>Does not wait, and does not fail: what cannot be sent is lost.</summary>
    void Publish<T>(string channel, T message);

    /// <summary>Calls back with every message of the channel, from now on.</summary>
    void Subscribe<T>(string channel, Action<T> handle)
        where T : class;
}
