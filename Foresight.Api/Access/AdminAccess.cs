using System.Security.Cryptography;
using System.Text;
using Foresight.Api.Problems;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Api.Access;

/// <summary>
/// The admin key of the cluster: <c>Authorization: Bearer …</c>. It has no default, and the time that a comparison takes tells nothing of it.
/// </summary>
public sealed class AdminAccess
{
    private const string Scheme = "Bearer ";

    private readonly byte[] digest;

    public AdminAccess(IConfiguration configuration) =>
        digest = Digest(configuration.RequiredSecret("ADMIN_KEY", "the operations routes are opened by it"));

    public bool Allows(HttpContext http)
    {
        if (http.Request.Headers.Authorization is not [{ } value] || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return false;
        return CryptographicOperations.FixedTimeEquals(Digest(value[Scheme.Length..].Trim()), digest);
    }

    private static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

/// <summary>On a route: only for callers with the admin key.</summary>
public sealed record AdminOnly;

/// <summary>
/// Lets only callers with the admin key through to such routes. Between routing and the endpoint, so that a stranger's body is not even read.
/// </summary>
public sealed class AdminGate(RequestDelegate next, AdminAccess access)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<AdminOnly>() is null || access.Allows(http)) return next(http);
        http.Response.Headers.WWWAuthenticate = "Bearer realm=\"foresight\"";
        return new ProblemResult(new Problem(ProblemCodes.Unauthorized, "This route needs the admin key: Authorization: Bearer <key>.")).ExecuteAsync(http);
    }
}
