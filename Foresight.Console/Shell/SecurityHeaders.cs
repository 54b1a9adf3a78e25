namespace Foresight.Console.Shell;

public static class SecurityHeaders
{
    // Style attributes are allowed, because bars and charts have their sizes in them; style elements are not (ThemeSheet).
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        + "connect-src 'self'; "
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

                // Browsers send the origin of a WebSocket or form post; a page of another site must not reach a signed-in
                // operator's circuit.
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
