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
/// <param name="Tls">True: TLS, whatever the text asks for.</param>
/// <param name="CaFile">PEM file of the authority that signed the server's certificate; null: one that the machine trusts.</param>
public sealed record RedisSettings(
    string Configuration,
    string KeyPrefix,
    string? User = null,
    string? Password = null,
    int? Database = null,
    bool Tls = false,
    string? CaFile = null
)
{
    public const string DefaultKeyPrefix = "foresight:";

    private const int DefaultPort = 6379;

    /// <summary>A server has 16 databases unless it is configured for more.</summary>
    private const int MaxDatabase = 9_999;

    /// <summary>Longest delay of a start without Redis, which must succeed all the same.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A frozen server keeps its socket open, so one that has not answered for this long counts as gone: the socket is closed and its
    /// waiting commands fail.
    /// </summary>
    private static readonly TimeSpan SilenceBound = TimeSpan.FromSeconds(3);

    /// <summary>The client closes a socket on which it has read nothing for more than this many async timeouts, in whole seconds.</summary>
    private const int TimeoutsOfSilence = 4;

    public bool HasPassword => Options().Password is { Length: > 0 };

    /// <summary>
    /// Several sources may be set, as Aspire does, if they agree: <c>ConnectionStrings__redis</c> (Aspire's convention), <c>REDIS_URL</c>
    /// (redis://[user:password@]host[:port][/database]), or <c>REDIS_HOST</c> and <c>REDIS_PORT</c>. <c>REDIS_PASSWORD</c> and
    /// <c>REDIS_DB</c> complete each of them; <c>REDIS_TLS</c> and <c>REDIS_CA_FILE</c> ask for TLS, as a URL with rediss:// does.
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
        var caFile = configuration.Optional("REDIS_CA_FILE");
        if (caFile is not null && !File.Exists(caFile))
            throw new SettingException("REDIS_CA_FILE names a file that does not exist.");
        var tls = configuration.Flag("REDIS_TLS", defaultValue: false);
        if (caFile is not null && !tls && !options.Ssl)
            throw new SettingException("REDIS_CA_FILE is set, but the connection is not encrypted. Set REDIS_TLS to true.");
        return settings with { Password = password ?? settings.Password, Database = database, Tls = tls, CaFile = caFile };

        void Agree(string name, string what, bool agrees)
        {
            if (!agrees)
                throw new SettingException(
                    $"{first} and {name} are set to different {what}. Set only one of them, or both to the same value."
                );
        }
    }

    /// <summary>
    /// A server without a password can be read, and emptied, by anyone who reaches it; the signatures of what stands there protect
    /// against neither.
    /// </summary>
    /// <exception cref="SettingException">No password is set, and this is not a development machine.</exception>
    public void RequirePassword(bool isDevelopment)
    {
        if (!isDevelopment && !HasPassword)
            throw new SettingException(
                "REDIS_PASSWORD is not set, and REDIS_URL or ConnectionStrings__redis has no password either. Outside development a Redis "
                    + "without a password is refused: whoever reaches it could read and delete what the nodes keep there."
            );
    }

    public ConfigurationOptions Options()
    {
        var options = ConfigurationOptions.Parse(Configuration);
        Apply(options);
        return options;
    }

    /// <summary>
    /// A fault of Redis must neither end nor block the process: a start without the server succeeds, commands fail at once while there is
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
        if (Tls)
            options.Ssl = true;
        if (CaFile is not null)
            options.TrustIssuer(CaFile);
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
        // A user who may read the server's settings may read the password of its user default. The client would look there for how long
        // it may be silent, which is set above.
        options.CommandMap = CommandMap.Create(["CONFIG"], available: false);
        options.ConfigurationChannel = "";
    }

    /// <summary>The record's own text would show the password in a log.</summary>
    private bool PrintMembers(StringBuilder builder)
    {
        var options = Options();
        builder.Append(
            $"Servers = {string.Join(' ', options.EndPoints)}, KeyPrefix = {KeyPrefix}, Database = {options.DefaultDatabase ?? 0}"
        );
        return true;
    }

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
