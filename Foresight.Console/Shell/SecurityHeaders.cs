namespace Foresight.Console.Shell;

/// <summary>Headers of every answer, and the check that a circuit is opened by our own pages.</summary>
public static class SecurityHeaders
{
    // Scripts and connections only from here. Styles may be inline: Radzen sizes its grid columns and popups that way.
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'self'; frame-ancestors 'none'; manifest-src 'self'";

    public static void UseSecurityHeaders(this WebApplication app) =>
        app.Use(
            async (context, next) =>
            {
                var headers = context.Response.Headers;
                headers.ContentSecurityPolicy = ContentPolicy;
                headers.XContentTypeOptions = "nosniff";
                headers.XFrameOptions = "DENY";
                headers["Referrer-Policy"] = "same-origin";
                headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
                headers["Cross-Origin-Opener-Policy"] = "same-origin";

                // A browser states the origin of a WebSocket and of a form post; another
                // site's must not reach a signed-in operator's circuit.
                if (
                    context.Request.Headers.Origin is [{ Length: > 0 } origin]
                    && (!Uri.TryCreate(origin, UriKind.Absolute, out var from) || from.Authority != context.Request.Host.Value)
                )
                {
                    context.Response.StatusCode = StatusCodes.Status403Forbidden;
                    return;
                }

                await next(context);
            }
        );
}
