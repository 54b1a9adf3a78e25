using System.Text.RegularExpressions;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <param name="Weight">Share of the reads, 1..1000.</param>
public sealed record ReplicaAddress(string Name, NpgsqlConnectionStringBuilder Connection, int Weight);

public sealed record ServerPlace(string Host, int Port)
{
    public override string ToString() => $"{Host}:{Port}";
}

/// <param name="Primary">Has a single host, the first in the setting.</param>
/// <param name="Others">Further hosts in the primary's setting, because one of them may have been promoted.</param>
public sealed partial record PostgresAddress(
    NpgsqlConnectionStringBuilder Primary,
    IReadOnlyList<ReplicaAddress> Replicas,
    IReadOnlyList<ServerPlace> Others
)
{
    public const int MaxReplicas = 16;

    private const int DefaultPort = 5432;

    public PostgresAddress(NpgsqlConnectionStringBuilder primary, IReadOnlyList<ReplicaAddress> replicas)
        : this(primary, replicas, []) { }

    /// <summary>
    /// Any of these servers may be the primary after a promotion. Each has the primary's user and database, which a replica shares.
    /// </summary>
    public IReadOnlyList<ServerPlace> Candidates { get; } =
    [.. PlacesOf(Primary).Concat(Others).Concat(Replicas.SelectMany(replica => PlacesOf(replica.Connection))).Distinct()];

    public static PostgresAddress From(IConfiguration configuration)
    {
        var setting =
            configuration.Optional("ConnectionStrings:foresight") is { } named ? ("ConnectionStrings__foresight", named)
            : configuration.Optional("DATABASE_URL") is { } url ? ("DATABASE_URL", url)
            : throw new SettingException(
                "DATABASE_URL (or ConnectionStrings__foresight) is not set: it is the address of the primary database."
            );
        var (primary, others) = Split(Parse(setting.Item1, setting.Item2, defaults: null));

        var replicas = new List<ReplicaAddress>();
        for (var number = 1; number <= MaxReplicas; number++)
        {
            var name = $"DATABASE_REPLICA_{number}_URL";
            if (configuration.Optional(name) is not { } text)
                continue;
            var weight = configuration.Integer($"DATABASE_REPLICA_{number}_WEIGHT", defaultValue: 1, minimum: 1, maximum: 1000);
            replicas.Add(new ReplicaAddress($"replica-{number}", Parse(name, text, primary), weight));
        }

        return new PostgresAddress(primary, replicas, others);
    }

    private static (NpgsqlConnectionStringBuilder Primary, IReadOnlyList<ServerPlace> Others) Split(
        NpgsqlConnectionStringBuilder connection
    )
    {
        var places = PlacesOf(connection).ToList();
        (connection.Host, connection.Port) = (places[0].Host, places[0].Port);
        return (connection, places[1..]);
    }

    private static IEnumerable<ServerPlace> PlacesOf(NpgsqlConnectionStringBuilder connection)
    {
        foreach (
            var host in (connection.Host ?? "localhost").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        )
        {
            var at = host.LastIndexOf(':');
            // The port of an IPv6 address, which has colons of its own, follows a bracket.
            var hasPort = at > 0 && (host.IndexOf(':') == at || host[at - 1] == ']');
            yield return hasPort ? new ServerPlace(host[..at], int.Parse(host.AsSpan(at + 1))) : new ServerPlace(host, connection.Port);
        }
    }

    public static NpgsqlConnectionStringBuilder Parse(string setting, string text, NpgsqlConnectionStringBuilder? defaults)
    {
        try
        {
            return Proven(
                !text.Contains("://", StringComparison.Ordinal)
                    ? new NpgsqlConnectionStringBuilder(text)
                    : ParseText(setting, text, defaults)
            );
        }
        catch (Exception error) when (error is ArgumentException or FormatException or UriFormatException)
        {
            // The text itself is not shown, because it contains a password.
            throw new SettingException($"{setting} is neither a postgres:// URL nor a connection string: {error.GetType().Name}.");
        }
    }

    /// <summary>
    /// Otherwise an impostor at the port of a server that is down could ask for the password in clear, or for none and be believed. By
    /// SCRAM the server proves that it knows the password, too. What the setting says about it itself stands (Require Auth, or
    /// require_auth in a URL).
    /// </summary>
    private static NpgsqlConnectionStringBuilder Proven(NpgsqlConnectionStringBuilder connection)
    {
        if (connection is { RequireAuth: null, SslCertificate: null, SslMode: not SslMode.VerifyFull })
            connection.RequireAuth = "ScramSHA256";
        return connection;
    }

    private static NpgsqlConnectionStringBuilder ParseText(string setting, string text, NpgsqlConnectionStringBuilder? defaults)
    {
        // libpq's form postgres://user:password@a:1,b:2/database is split here, because Uri accepts a single host.
        var hosts = ListOfHosts().Match(text);
        if (!hosts.Success)
            return ParseUrl(setting, new Uri(text), defaults);
        var first = hosts.Value.Split(',')[0];
        var connection = ParseUrl(setting, new Uri(text.Remove(hosts.Index, hosts.Length).Insert(hosts.Index, first)), defaults);
        (connection.Host, connection.Port) = (hosts.Value, DefaultPort);
        return connection;
    }

    private static NpgsqlConnectionStringBuilder ParseUrl(string setting, Uri url, NpgsqlConnectionStringBuilder? defaults)
    {
        if (url.Scheme == "tcp" && defaults is null)
            throw new SettingException($"{setting} must include user and database: postgres://user:password@host:port/database.");
        if (url.Scheme is not ("postgres" or "postgresql" or "tcp"))
            throw new SettingException($"{setting} must start with postgres://, not {url.Scheme}://.");

        var connection =
            url.Scheme == "tcp" ? new NpgsqlConnectionStringBuilder(defaults!.ConnectionString) : new NpgsqlConnectionStringBuilder();
        connection.Host = url.Host;
        connection.Port = url.Port > 0 ? url.Port : DefaultPort;
        if (url.Scheme == "tcp")
            return connection;

        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
            connection.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length == 2)
            connection.Password = Uri.UnescapeDataString(user[1]);
        var database = Uri.UnescapeDataString(url.AbsolutePath.Trim('/'));
        connection.Database =
            database.Length > 0 ? database : defaults?.Database ?? throw new SettingException($"{setting} names no database.");
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var key = parts[0] switch
            {
                "sslmode" => "SSL Mode",
                "application_name" => "Application Name",
                "require_auth" => "Require Auth",
                "connect_timeout" => "Timeout",
                var other => other,
            };
            var value = Uri.UnescapeDataString(parts.Length == 2 ? parts[1] : "");
            connection[key] = key == "Require Auth" ? AuthenticationOf(value) : value.Replace("-", "");
        }

        return connection;
    }

    /// <summary>libpq's words for the methods, in the driver's.</summary>
    private static string AuthenticationOf(string method) =>
        method switch
        {
            "scram-sha-256" => "ScramSHA256",
            "md5" => "MD5",
            "password" => "Password",
            "gss" => "GSS",
            "sspi" => "SSPI",
            "none" => "None",
            _ => throw new FormatException($"require_auth does not know {method}."),
        };

    /// <summary>The user part may itself contain commas, so the match begins after it and ends before the database.</summary>
    [GeneratedRegex("(?<=^[a-z]+://(?:[^/@]*@)?)[^/@,]+(?:,[^/@,]+)+(?=[/?]|$)")]
    private static partial Regex ListOfHosts();
}
