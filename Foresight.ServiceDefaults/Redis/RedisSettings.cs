using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

/// <summary>Where Redis is and which keys are ours.</summary>
/// <param name="Configuration">In StackExchange.Redis' form, "host:port,password=…".</param>
/// <param name="KeyPrefix">Put before every key and channel, so that clusters can share a server.</param>
/// <param name="User">Of a URL; beside the text, because the form above cannot hold every character.</param>
/// <param name="Password">Likewise.</param>
/// <param name="Database">Null: what the text says, else 0.</param>
public sealed record RedisSettings(string Configuration, string KeyPrefix, string? User = null, string? Password = null, int? Database = null)
{
    public const string DefaultKeyPrefix = "foresight:";

    private const int DefaultPort = 6379;

    /// <summary>A server has 16 databases unless it is set up for more.</summary>
    private const int MaxDatabase = 9_999;

    /// <summary>A start without Redis waits for so long, once.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A server that has not answered for this long is treated as gone: the socket is closed and its waiting commands fail.
    /// </summary>
    private static readonly TimeSpan SilenceBound = TimeSpan.FromSeconds(3);

    /// <summary>The client closes a socket on which it has read nothing for more than this many async timeouts, in whole seconds.</summary>
    private const int TimeoutsOfSilence = 4;

    /// <summary>
    /// <c>ConnectionStrings__redis</c> (Aspire's convention), <c>REDIS_URL</c> (redis://[user:password@]host[:port][/database]), or
    /// <c>REDIS_HOST</c> and <c>REDIS_PORT</c>; <c>REDIS_PASSWORD</c> and <c>REDIS_DB</c> complete each of them. Several may be set, as Aspire
    /// sets them, if they agree.
    /// </summary>
    /// <exception cref="SettingException">None is set, or two contradict each other; the message holds no value of them.</exception>
    public static RedisSettings From(IConfiguration configuration)
    {
        var prefix = configuration.Optional("REDIS_KEY_PREFIX") ?? DefaultKeyPrefix;
        var set = new List<(string Name, RedisSettings Settings)>();
        if (configuration.Optional("ConnectionStrings:redis") is { } text) set.Add(("ConnectionStrings__redis", Parse("ConnectionStrings__redis", text, prefix)));
        if (configuration.Optional("REDIS_URL") is { } url) set.Add(("REDIS_URL", Parse("REDIS_URL", url, prefix)));
        // Kubernetes sets a REDIS_PORT of its own, "tcp://…", in every pod beside a service named redis.
        var hasPort = configuration.Optional("REDIS_PORT") is { } given && !given.Contains("://", StringComparison.Ordinal);
        if (configuration.Optional("REDIS_HOST") is { } host)
            set.Add(("REDIS_HOST", new RedisSettings($"{host}:{(hasPort ? configuration.Integer("REDIS_PORT", DefaultPort, 1, 65_535) : DefaultPort)}", prefix)));
        else if (hasPort)
            throw new SettingException("REDIS_PORT is set and REDIS_HOST is not.");
        if (set is not [var first, .. var others])
            throw new SettingException("REDIS_URL is not set: it, REDIS_HOST or ConnectionStrings__redis says where Redis is.");

        var options = first.Settings.Options();
        foreach (var (name, other) in others)
            if (!options.EndPoints.SequenceEqual(other.Options().EndPoints))
                throw new SettingException($"{first.Name} and {name} name different servers: set one of them, or both to the same.");
        var password = configuration.Optional("REDIS_PASSWORD");
        if (password is not null && options.Password is { Length: > 0 } && options.Password != password)
            throw new SettingException($"{first.Name} and REDIS_PASSWORD hold different passwords: set one of them, or both to the same.");
        int? database = configuration.Optional("REDIS_DB") is null ? null : configuration.Integer("REDIS_DB", 0, 0, MaxDatabase);
        if (database is not null && options.DefaultDatabase is { } named && named != database)
            throw new SettingException($"{first.Name} and REDIS_DB name different databases: set one of them, or both to the same.");
        return first.Settings with { Password = password ?? first.Settings.Password, Database = database };
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
        if (Database is not null) options.DefaultDatabase = Database;
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

    private static RedisSettings Parse(string setting, string value, string keyPrefix)
    {
        if (!value.Contains("://", StringComparison.Ordinal)) return new RedisSettings(value, keyPrefix);
        if (!Uri.TryCreate(value, UriKind.Absolute, out var url) || url.Scheme is not ("redis" or "rediss" or "tcp")
            || url.Host.Length == 0)
            throw new SettingException($"{setting} must look like redis://[user:password@]host[:port][/database].");

        var configuration = $"{url.Host}:{(url.Port > 0 ? url.Port : DefaultPort)}";
        if (url.AbsolutePath.Trim('/') is { Length: > 0 } database) configuration += $",defaultDatabase={database}";
        if (url.Scheme == "rediss") configuration += ",ssl=true";
        var credentials = url.UserInfo.Split(':', 2);
        return new RedisSettings(
            configuration, keyPrefix, credentials is [{ Length: > 0 } user, _] ? Uri.UnescapeDataString(user) : null,
            credentials[^1].Length > 0 ? Uri.UnescapeDataString(credentials[^1]) : null);
    }
}
