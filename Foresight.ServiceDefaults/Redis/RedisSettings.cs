using System.Net;
using System.Text;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

/// <param name="Configuration">In StackExchange.Redis's form, "host:port,password=…".</param>
/// <param name="KeyPrefix">Put before every key and channel, so that clusters can share a server.</param>
/// <param name="User">User of a URL; separate, because the form above cannot represent every character.</param>
/// <param name="Password">Separate for the same reason.</param>
/// <param name="Database">Null: the number in the text, else 0.</param>
public sealed record RedisSettings(
    string Configuration,
    string KeyPrefix,
    string? User = null,
    string? Password = null,
    int? Database = null
)
{
    public const string DefaultKeyPrefix = "foresight:";

    private const int DefaultPort = 6379;

    /// <summary>A server has 16 databases unless it is configured for more.</summary>
    private const int MaxDatabase = 9_999;

    /// <summary>Longest delay of a start without Redis.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A server that has not answered for this long is considered gone: the socket is closed and its waiting commands fail.
    /// </summary>
    private static readonly TimeSpan SilenceBound = TimeSpan.FromSeconds(3);

    /// <summary>The client closes a socket on which it has read nothing for more than this many async timeouts, in whole seconds.</summary>
    private const int TimeoutsOfSilence = 4;

    /// <summary>
    /// Reads <c>ConnectionStrings__redis</c> (Aspire's convention), <c>REDIS_URL</c> (redis://[user:password@]host[:port][/database]), or
    /// <c>REDIS_HOST</c> and <c>REDIS_PORT</c>; <c>REDIS_PASSWORD</c> and <c>REDIS_DB</c> complete each of them. Several may be set, as
    /// Aspire does, if they agree.
    /// </summary>
    /// <exception cref="SettingException">
    /// None is set, or two contradict each other. The message contains none of their values, which include a password.
    /// </exception>
    public static RedisSettings From(IConfiguration configuration)
    {
        var prefix = configuration.Optional("REDIS_KEY_PREFIX") ?? DefaultKeyPrefix;
        // Kubernetes sets its own REDIS_PORT, "tcp://…", in every pod next to a service named redis.
        int? port =
            configuration.Optional("REDIS_PORT") is { } text && !text.Contains("://", StringComparison.Ordinal)
                ? configuration.Integer("REDIS_PORT", DefaultPort, 1, 65_535)
                : null;
        int? database = configuration.Optional("REDIS_DB") is null ? null : configuration.Integer("REDIS_DB", 0, 0, MaxDatabase);
        var password = configuration.Optional("REDIS_PASSWORD");
        (string Name, string? Value)[] places =
        [
            ("ConnectionStrings__redis", configuration.Optional("ConnectionStrings:redis")),
            ("REDIS_URL", configuration.Optional("REDIS_URL")),
            ("REDIS_HOST", configuration.Optional("REDIS_HOST") is { } host ? $"{host}:{port ?? DefaultPort}" : null),
        ];
        var set = places
            .Where(place => place.Value is not null)
            .Select(place => (place.Name, Settings: Parse(place.Name, place.Value!, prefix)))
            .ToList();
        if (set is not [var (first, settings), ..])
            throw new SettingException("REDIS_URL is not set. Set it, REDIS_HOST or ConnectionStrings__redis to the address of Redis.");

        var options = settings.Options();
        var servers = ServersOf(options);
        foreach (var (name, other) in set)
            Agree(name, "servers", servers.SequenceEqual(ServersOf(other.Options())));
        Agree("REDIS_PORT", "ports", port is null || servers.TrueForAll(server => server.Port == port));
        Agree("REDIS_PASSWORD", "passwords", password is null || options.Password is null or "" || options.Password == password);
        Agree("REDIS_DB", "databases", database is null || options.DefaultDatabase is null || options.DefaultDatabase == database);
        return settings with { Password = password ?? settings.Password, Database = database };

        void Agree(string name, string what, bool agrees)
        {
            if (!agrees)
                throw new SettingException(
                    $"{first} and {name} are set to different {what}. Set only one of them, or both to the same value."
                );
        }
    }

    /// <summary>Options for a separate client: tests, tools, SignalR's backplane.</summary>
    public ConfigurationOptions Options()
    {
        var options = ConfigurationOptions.Parse(Configuration);
        Apply(options);
        return options;
    }

    /// <summary>
    /// Makes a fault of Redis neither end nor block the process: a start without the server succeeds, commands fail at once while there is
    /// no connection, and a server that hangs is detected.
    /// </summary>
    public void Apply(ConfigurationOptions options)
    {
        if (User is not null)
            options.User = User;
        if (Password is not null)
            options.Password = Password;
        if (Database is not null)
            options.DefaultDatabase = Database;
        options.AbortOnConnectFail = false;
        options.ConnectRetry = 1;
        options.ConnectTimeout = (int)ConnectTimeout.TotalMilliseconds;
        options.SyncTimeout = 1000;
        options.AsyncTimeout = ((int)SilenceBound.TotalMilliseconds - 1) / TimeoutsOfSilence;
        options.HeartbeatInterval = TimeSpan.FromSeconds(1);
        options.KeepAlive = 1;
        // One connection for commands and messages: the client detects silence by commands that time out, so a connection that only
        // receives would go unwatched.
        options.Protocol = RedisProtocol.Resp3;
        options.ReconnectRetryPolicy = new LinearRetry(500);
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.IncludeDetailInExceptions = false;
        // The key and channel by which the client chooses between several primaries. There is only one, and the Redis user may be
        // restricted to keys with the cluster's prefix.
        options.TieBreaker = "";
        options.ConfigurationChannel = "";
    }

    /// <summary>Replaces the record's own text, which would show the password in a log.</summary>
    private bool PrintMembers(StringBuilder builder)
    {
        var options = Options();
        builder.Append(
            $"Servers = {string.Join(' ', options.EndPoints)}, KeyPrefix = {KeyPrefix}, Database = {options.DefaultDatabase ?? 0}"
        );
        return true;
    }

    /// <summary>The port is 0 if the text omits it.</summary>
    private static List<(string Host, int Port)> ServersOf(ConfigurationOptions options) =>
        [
            .. options.EndPoints.Select(server =>
                server switch
                {
                    DnsEndPoint dns => (dns.Host, dns.Port > 0 ? dns.Port : DefaultPort),
                    IPEndPoint ip => (ip.Address.ToString(), ip.Port > 0 ? ip.Port : DefaultPort),
                    _ => (server.ToString()!, 0),
                }
            ),
        ];

    private static RedisSettings Parse(string setting, string value, string keyPrefix)
    {
        if (!value.Contains("://", StringComparison.Ordinal))
            return new RedisSettings(value, keyPrefix);
        if (
            !Uri.TryCreate(value, UriKind.Absolute, out var url)
            || url.Scheme is not ("redis" or "rediss" or "tcp")
            || url.Host.Length == 0
        )
            throw new SettingException($"{setting} must look like redis://[user:password@]host[:port][/database].");

        var configuration = $"{url.Host}:{(url.Port > 0 ? url.Port : DefaultPort)}";
        if (url.AbsolutePath.Trim('/') is { Length: > 0 } database)
            configuration += $",defaultDatabase={database}";
        if (url.Scheme == "rediss")
            configuration += ",ssl=true";
        var credentials = url.UserInfo.Split(':', 2);
        return new RedisSettings(
            configuration,
            keyPrefix,
            credentials is [{ Length: > 0 } user, _] ? Uri.UnescapeDataString(user) : null,
            credentials[^1].Length > 0 ? Uri.UnescapeDataString(credentials[^1]) : null
        );
    }
}
