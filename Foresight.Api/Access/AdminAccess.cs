using System.Security.Cryptography;
using System.Text;
using Foresight.Api.Problems;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Api.Access;

/// <summary>
/// Sent as <c>Authorization: Bearer KEY</c>. <c>ADMIN_KEYS</c> names one key for each person (<c>ada=KEY,grace=KEY</c>), because a
/// four-eyes decision must distinguish two people; <c>ADMIN_KEY</c> is one shared key. Neither has a default, since a known key
/// protects nothing.
/// </summary>
public sealed class AdminAccess
{
    public const string SharedName = "admin";

    public const int MaxKeys = 100;

    private const string Scheme = "Bearer ";
    private const int MaxName = 40;
    private const int MinKey = 16;

    private readonly (string Name, byte[] Digest)[] _keys;

    public AdminAccess(IConfiguration configuration)
    {
        var named = Named(configuration.Optional("ADMIN_KEYS"));
        var shared =
            configuration.Optional("ADMIN_KEY") is not null || named.Count == 0
                ? configuration.RequiredSecret("ADMIN_KEY", "the operations routes are opened by it")
                : null;
        if (shared is not null)
            named.Insert(0, (SharedName, shared));
        if (named.DistinctBy(k => k.Name).Count() < named.Count || named.DistinctBy(k => k.Key).Count() < named.Count)
            throw new SettingException(
                "ADMIN_KEYS (and ADMIN_KEY, which has the name admin) must have different names and different keys."
            );
        if (configuration.FourEyesOver() is not null && named.Count < 2)
            throw new SettingException("RECONCILIATION_FOUR_EYES_OVER_USDC needs two people with keys of their own: set ADMIN_KEYS.");
        _keys = [.. named.Select(k => (k.Name, Digest(k.Key)))];
    }

    /// <summary>With one key there is no second person who could decide with it.</summary>
    public bool HasSeveralKeys => _keys.Length > 1;

    public bool Allows(HttpContext http) => NameOf(http) is not null;

    public string? NameOf(HttpContext http)
    {
        if (http.Request.Headers.Authorization is not [{ } value] || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        var shown = Digest(value[Scheme.Length..].Trim());
        string? name = null;
        // Compare with every key, so that the time does not reveal which one matches.
        foreach (var key in _keys)
            name = CryptographicOperations.FixedTimeEquals(shown, key.Digest) ? key.Name : name;
        return name;
    }

    private static List<(string Name, string Key)> Named(string? setting)
    {
        var named = new List<(string Name, string Key)>();
        foreach (var part in (setting ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var name = part.Split('=', 2)[0];
            var key = part[Math.Min(part.Length, name.Length + 1)..];
            if (
                name.Length is 0 or > MaxName
                || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
                || key.Length < MinKey
            )
                throw new SettingException(
                    $"ADMIN_KEYS must be name=key pairs with commas between, each key of at least {MinKey} characters."
                );
            named.Add((name, key));
        }

        return named.Count <= MaxKeys ? named : throw new SettingException($"ADMIN_KEYS may have at most {MaxKeys} keys.");
    }

    private static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

public sealed record AdminOnly;

/// <summary>Of a route that answers everybody, and more to an admin key: the answer would show a guessed key to be right.</summary>
public sealed record AdminSeesMore;

/// <summary>Runs between routing and the endpoint, so that the body of an unauthorized request is not even read.</summary>
public sealed class AdminGate(RequestDelegate next, AdminAccess access, RefusedKeys refused)
{
    public Task InvokeAsync(HttpContext http)
    {
        var route = http.GetEndpoint()?.Metadata;
        var isAdminOnly = route?.GetMetadata<AdminOnly>() is not null;
        if (!isAdminOnly && route?.GetMetadata<AdminSeesMore>() is null)
            return next(http);
        // Without a key nothing is guessed.
        var (name, wait) =
            http.Request.Headers.Authorization.Count == 0
                ? (null, (TimeSpan?)null)
                : refused.Try(CallerAddress.Of(http), () => access.NameOf(http));
        if (wait is not null)
            return new ProblemResult(
                new Problem(
                    ProblemCodes.TooManyWrongKeys,
                    $"After {RefusedKeys.MaxPerMinute} wrong admin keys of one address no further key from there is looked at for the "
                        + "rest of the minute."
                )
                {
                    RetryAfter = wait,
                }
            ).ExecuteAsync(http);
        if (!isAdminOnly || name is not null)
            return next(http);
        http.Response.Headers.WWWAuthenticate = "Bearer realm=\"foresight\"";
        return new ProblemResult(
            new Problem(ProblemCodes.Unauthorized, "This route needs an admin key: Authorization: Bearer <key>.")
        ).ExecuteAsync(http);
    }
}
