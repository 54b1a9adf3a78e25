using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.ServiceDefaults.Redis;

/// <summary>Where Redis is and which keys are ours.</summary>
/// <param name="Configuration">In StackExchange.Redis' form, "host:port,password=…".</param>
/// <param name="KeyPrefix">Put before every key and channel, so that clusters can share a server.</param>
public sealed record RedisSettings(string Configuration, string KeyPrefix)
{
    public const string DefaultKeyPrefix = "foresight:";

    /// <summary>
    /// <c>ConnectionStrings__{name}</c> (Aspire's convention), else <c>REDIS_URL</c> (redis://[user:password@]host[:port][/database]).
    /// </summary>
    public static RedisSettings From(IConfiguration configuration, string connectionName = "redis")
    {
        var value = configuration.GetConnectionString(connectionName) is { Length: > 0 } named
            ? named
            : configuration.Required("REDIS_URL", $"it, or ConnectionStrings__{connectionName}, says where Redis is");
        return new RedisSettings(Normalize(value), configuration.Optional("REDIS_KEY_PREFIX") ?? DefaultKeyPrefix);
    }

    private static string Normalize(string value)
    {
        if (!value.Contains("://", StringComparison.Ordinal)) return value;
        if (!Uri.TryCreate(value, UriKind.Absolute, out var url) || url.Scheme is not ("redis" or "rediss" or "tcp")
            || url.Host.Length == 0)
            throw new SettingException("REDIS_URL must look like redis://[user:password@]host[:port][/database].");

        var parts = new List<string> { $"{url.Host}:{(url.Port > 0 ? url.Port : 6379)}" };
        var credentials = url.UserInfo.Split(':', 2);
        var password = Uri.UnescapeDataString(credentials[^1]);
        if (password.Length > 0) parts.Add($"password={password}");
        if (url.AbsolutePath.Trim('/') is { Length: > 0 } database) parts.Add($"defaultDatabase={database}");
        if (url.Scheme == "rediss") parts.Add("ssl=true");
        return string.Join(',', parts);
    }
}
