using System.Globalization;
using System.Security.Claims;
using System.Threading.RateLimiting;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Foresight.Console.Access;

public static class AccessRegistration
{
    public static void AddAccess(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<OperatorSessions>();
        services.AddSingleton<SignInTries>();
        services.AddScoped<CircuitHandler, CircuitCredential>();
        services.AddScoped<SessionEnd>();
        services.AddCascadingAuthenticationState();

        // The name is fixed, so that the ticket can be decrypted after a restart and by every console behind one address, wherever the
        // program is installed.
        var protection = services.AddDataProtection().SetApplicationName("Foresight.Console");
        if (builder.Configuration.Optional("CONSOLE_KEYS_DIRECTORY") is { } directory)
            protection.PersistKeysToFileSystem(KeysDirectory(directory));

        services
            .AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie(options =>
            {
                options.Cookie.Name = "foresight-console";
                options.Cookie.HttpOnly = true;
                options.Cookie.SameSite = SameSiteMode.Lax;
                options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                options.LoginPath = AccessOptions.SignInPath;
                options.ReturnUrlParameter = "returnUrl";
                options.ExpireTimeSpan = AccessOptions.SessionLength;
                options.SlidingExpiration = true;
                options.Events.OnValidatePrincipal = ValidateAsync;
            });

        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = "foresight-antiforgery";
            options.Cookie.SameSite = SameSiteMode.Strict;
        });
        services.AddRateLimiter(options =>
        {
            options.OnRejected = SayOnThePageAsync;
            options.AddPolicy(
                AccessOptions.SignInLimit,
                context =>
                    HttpMethods.IsPost(context.Request.Method)
                        ? RateLimitPartition.GetFixedWindowLimiter(
                            context.Connection.RemoteIpAddress?.ToString() ?? "",
                            _ => new FixedWindowRateLimiterOptions
                            {
                                PermitLimit = AccessOptions.TriesPerMinute,
                                Window = TimeSpan.FromSeconds(AccessOptions.TriesWindowSeconds),
                            }
                        )
                        : RateLimitPartition.GetNoLimiter("reading")
            );
        });
    }

    public static void UseAccess(this WebApplication app)
    {
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimiter();
        app.UseAntiforgery();
    }

    public static void MapAccess(this WebApplication app)
    {
        // A live page asks nothing over HTTP, so its ticket would end under an operator who is looking at it. Any answered request renews
        // the ticket; this one costs nothing else (wwwroot/console.js).
        app.MapGet(AccessOptions.SessionPath, () => Results.NoContent());
        app.MapPost(
            "/sign-out",
            async (HttpContext context, IAntiforgery antiforgery, OperatorSessions sessions) =>
            {
                if (!await antiforgery.IsRequestValidAsync(context))
                    return Results.BadRequest();

                if (context.User.FindFirstValue(AccessOptions.SessionClaim) is { } session)
                    sessions.End(session);
                await context.SignOutAsync();
                return Results.LocalRedirect($"{AccessOptions.SignInPath}?signedOut=true");
            }
        );
    }

    /// <summary>The form again, because a browser shows a bare answer as a white page without a way back.</summary>
    private static ValueTask SayOnThePageAsync(OnRejectedContext context, CancellationToken cancellationToken)
    {
        var (request, response) = (context.HttpContext.Request, context.HttpContext.Response);
        var left = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after)
            ? (int)Math.Ceiling(after.TotalSeconds)
            : AccessOptions.TriesWindowSeconds;
        var back = request.Query["returnUrl"].ToString();
        response.StatusCode = StatusCodes.Status303SeeOther;
        response.Headers.RetryAfter = left.ToString(CultureInfo.InvariantCulture);
        response.Headers.Location =
            $"{AccessOptions.SignInPath}?limited={left.ToString(CultureInfo.InvariantCulture)}"
            + (back.Length == 0 ? "" : $"&returnUrl={Uri.EscapeDataString(back)}");
        return ValueTask.CompletedTask;
    }

    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var sessions = context.HttpContext.RequestServices.GetRequiredService<OperatorSessions>();
        var id = context.Principal?.FindFirstValue(AccessOptions.SessionClaim);
        if (
            id is not null
            && context.Properties.Items.TryGetValue(AccessOptions.KeyItem, out var key)
            && key is not null
            && context.Properties.ExpiresUtc is { } expiresAt
            && sessions.Remember(id, key, expiresAt)
        )
        {
            return;
        }

        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync();
    }

    private static DirectoryInfo KeysDirectory(string path)
    {
        try
        {
            return Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"CONSOLE_KEYS_DIRECTORY cannot be used: {error.Message}");
        }
    }
}
