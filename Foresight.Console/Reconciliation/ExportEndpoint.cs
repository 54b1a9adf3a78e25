using System.Security.Claims;
using Foresight.Console.Access;
using Foresight.Console.Api;

namespace Foresight.Console.Reconciliation;

public static class ExportEndpoint
{
    /// <summary>Passes the Api's export to the browser of a signed-in operator, because the browser itself has no admin key.</summary>
    public static void MapReconciliation(this WebApplication app) =>
        app.MapGet(
            "/reconciliation/export",
            async (
                HttpContext http,
                ForesightApiClient api,
                OperatorCredential credential,
                OperatorSessions sessions,
                CancellationToken cancellationToken,
                string format,
                string? state,
                string? kind,
                string? severity,
                string? assignee,
                string? age
            ) =>
            {
                if (http.User.FindFirstValue(AccessOptions.SessionClaim) is { } session)
                    credential.Use(http.User.Identity?.Name ?? "", () => sessions.KeyOf(session));
                try
                {
                    using var file = await api.ExportDiscrepanciesAsync(
                        new DiscrepancyChoice(state, kind, severity, assignee, age),
                        format,
                        cancellationToken
                    );
                    http.Response.ContentType = file.Content.Headers.ContentType?.ToString();
                    http.Response.Headers.ContentDisposition = file.Content.Headers.ContentDisposition?.ToString();
                    await file.Content.CopyToAsync(http.Response.Body, cancellationToken);
                    return Results.Empty;
                }
                catch (KeyRefusedException)
                {
                    return Results.LocalRedirect($"{AccessOptions.SignInPath}?refused=true");
                }
                catch (ApiRefusedException e)
                {
                    return Results.Text(e.Message, statusCode: e.Status);
                }
                catch (ApiUnavailableException e)
                {
                    return Results.Text(e.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
                }
            }
        );
}
