using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

/// <summary>Where Redis is and which keys are ours.</summary>
/// <param name="Configuration">In StackExchange.Redis' form, "host:port,password=…".</param>
/// <param name="KeyPrefix">Put before every key and channel, so that clusters can share a server.</param>
/// <param name="User">Of a URL; beside the text, because the form above cannot hold every character.</param>
/// <param name="Password">Likewise.</param>
public sealed record RedisSettings(string Configuration, string KeyPrefix, string? User = null, string? Password = null)
{
    public const string DefaultKeyPrefix = "foresight:";

    /// <summary>A start without Redis waits for so long, once.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A server that has not answered for this long is treated as gone: the socket is closed and its waiting commands fail.
    /// </summary>
    private static readonly TimeSpan SilenceBound = TimeSpan.FromSeconds(3);

    /// <summary>The client closes a socket on which it has read nothing for more than this many async timeouts, in whole seconds.</summary>
    private const int TimeoutsOfSilence = 4;

    /// <summary>
    /// <c>ConnectionStrings__{name}</c> (Aspire's convention), else <c>REDIS_URL</c> (redis://[user:password@]host[:port][/database]).
    /// </summary>
    public static RedisSettings From(IConfiguration configuration, string connectionName = "redis")
    {
        var value = configuration.GetConnectionString(connectionName) is { Length: > 0 } named
            ? named
            : configuration.Required("REDIS_URL", $"it, or ConnectionStrings__{connectionName}, says where Redis is");
        return Parse(value, configuration.Optional("REDIS_KEY_PREFIX") ?? DefaultKeyPrefix);
    }

    /// <summary>For a client of its own: tests, tools, SignalR's backplane.</summary>
    public ConfigurationOptions Options()
    {
        var options = ConfigurationOptions.Parse(Configuration);
        Apply(options);
        return options;
    }

    /// <summary>
    /// A fault of Redis neither ends a process nor blocks it: a start without the server succeeds, commands fail at once while there is no
    /// connection, and a server that hangs is noticed.
    /// </summary>
    public void Apply(ConfigurationOptions options)
    {
        if (User is not null) options.User = User;
        if (Password is not null) options.Password = Password;
        options.AbortOnConnectFail = false;
        options.ConnectRetry = 1;
        options.ConnectTimeout = (int)ConnectTimeout.TotalMilliseconds;
        options.SyncTimeout = 1000;
        options.AsyncTimeout = ((int)SilenceBound.TotalMilliseconds - 1) / TimeoutsOfSilence;
        options.HeartbeatInterval = TimeSpan.FromSeconds(1);
        options.KeepAlive = 1;
        // One connection for commands and messages: the client measures silence by commands that time out, so a connection that only
        // receives would not be watched.
        options.Protocol = RedisProtocol.Resp3;
        options.ReconnectRetryPolicy = new LinearRetry(500);
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.IncludeDetailInExceptions = false;
        // The key and the channel by which the client agrees on one of several primaries: there is one, and a user of Redis may be
        // allowed to touch nothing but what has our prefix.
        options.TieBreaker = "";
        options.ConfigurationChannel = "";
    }

    private static RedisSettings Parse(string value, string keyPrefix)
    {
        if (!value.Contains("://", StringComparison.Ordinal)) return new RedisSettings(value, keyPrefix);
        if (!Uri.TryCreate(value, UriKind.Absolute, out var url) || url.Scheme is not ("redis" or "rediss" or "tcp")
            || url.Host.Length == 0)
            throw new SettingException("REDIS_URL must look like redis://[user:password@]host[:port][/database].");

        var configuration = $"{url.Host}:{(url.Port > 0 ? url.Port : 6379)}";
        if (url.AbsolutePath.Trim('/') is { Length: > 0 } database) configuration += $",defaultDatabase={database}";
        if (url.Scheme == "rediss") configuration += ",ssl=true";
        var credentials = url.UserInfo.Split(':', 2);
        return new RedisSettings(
            configuration, keyPrefix, credentials is [{ Length: > 0 } user, _] ? Uri.UnescapeDataString(user) : null,
            credentials[^1].Length > 0 ? Uri.UnescapeDataString(credentials[^1]) : null);
    }
}
