namespace Foresight.AppHost.Native;

/// <summary>
/// Only what the clients of StackExchange.Redis need for the role's keys and channels is allowed, so that no role can empty or stop the
/// server, or list its keys. No scripts: one that does not end stops the server, and only a restart helps if it has written. No CONFIG GET,
/// which answers with the password of the user <c>default</c> where a server has one.
/// </summary>
/// <param name="Writes">Patterns of keys, after the prefix, that the role reads and writes.</param>
/// <param name="Reads">Patterns of keys that it only reads.</param>
/// <param name="Publishes">Patterns of channels to which it publishes, and to which it may subscribe.</param>
/// <param name="Subscribes">Patterns of channels to which it only subscribes.</param>
public sealed record RedisRole(
    string Name,
    IReadOnlyList<string> Writes,
    IReadOnlyList<string> Reads,
    IReadOnlyList<string> Publishes,
    IReadOnlyList<string> Subscribes
)
{
    // Without these StackExchange.Redis does not connect: it sends them then, and while the connection is idle.
    private const string Connection = "+hello +auth +ping +echo +select +quit +info +client|setname +client|id +cluster|nodes";

    private const string KeyCommands =
        "+get +getrange +mget +set +psetex +setex +del +unlink +exists +type +ttl +pttl +pexpire +incr +incrby +sadd +srem +smembers "
        + "+scard +sismember +memory|usage +watch +unwatch +multi +exec +discard";

    private const string SubscribeCommands = "+subscribe +unsubscribe +psubscribe +punsubscribe";

    /// <summary>Rights to publish are a selector of their own, because a channel pattern by itself permits both.</summary>
    /// <param name="password">As Redis reads it: # and its SHA-256 in hexadecimal digits, or > and the password itself.</param>
    public string Rule(string prefix, string password) =>
        string.Join(
            ' ',
            [
                $"user {Name} on {password} -@all {Connection} {KeyCommands} {SubscribeCommands}",
                .. Writes.Select(key => $"~{prefix}{key}"),
                .. Reads.Select(key => $"%R~{prefix}{key}"),
                .. Publishes.Concat(Subscribes).Select(channel => $"&{prefix}{channel}"),
                $"(+publish {string.Join(' ', Publishes.Select(channel => $"&{prefix}{channel}"))})",
            ]
        );
}
