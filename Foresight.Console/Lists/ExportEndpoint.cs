using System.Security.Claims;
using Foresight.Console.Access;
using Foresight.Console.Api;
using Foresight.Console.Problems;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Export;

namespace Foresight.Console.Lists;

public static class ExportEndpoint
{
    /// <summary>The browser has no admin key, so the console reads the rows for a signed-in operator.</summary>
    public static void MapExports(this WebApplication app) => app.MapGet($"{ListExports.Path}/{{list}}", ExportAsync);

    private static async Task<IResult> ExportAsync(
        HttpContext http,
        ForesightApiClient api,
        OperatorCredential credential,
        OperatorSessions sessions,
        ProblemMemory memory,
        TimeProvider clock,
        string list,
        CancellationToken cancellationToken,
        string format = "csv"
    )
    {
        if (format is not ("csv" or "json"))
            return Results.Text("format must be csv or json.", statusCode: StatusCodes.Status400BadRequest);
        if (http.User.FindFirstValue(AccessOptions.SessionClaim) is { } session)
            credential.Use(http.User.Identity?.Name ?? "", () => sessions.KeyOf(session));
        var question = new ExportQuestion(api, $"{http.Request.Path}{http.Request.QueryString}", cancellationToken)
        {
            Missing = memory.Missing,
        };
        try
        {
            if (list == ListExports.Discrepancies)
                return await PassOnAsync(http, question, format);
            if (ListExports.ReadAsync(list, question) is not { } reading)
                return Results.NotFound();
            var file = await reading;
            return Results.File(
                format == "csv" ? file.Csv() : file.Json(),
                format == "csv" ? CsvText.ContentType : "application/json",
                file.NameOf(list, format, clock.GetUtcNow())
            );
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

    /// <summary>The Api makes this file itself, for scripts too; up to 100,000 rows are not held here.</summary>
    private static async Task<IResult> PassOnAsync(HttpContext http, ExportQuestion question, string format)
    {
        var choice = new DiscrepancyChoice(
            question["state"],
            question["kind"],
            question["severity"],
            question["assignee"],
            question["age"],
            question["text"],
            question["from"],
            question["to"]
        );
        using var file = await question.Api.ExportDiscrepanciesAsync(
            choice,
            question["sort"] ?? DiscrepancySorts.Urgency,
            format,
            question.Cancelled
        );
        http.Response.ContentType = file.Content.Headers.ContentType?.ToString();
        http.Response.Headers.ContentDisposition = file.Content.Headers.ContentDisposition?.ToString();
        await file.Content.CopyToAsync(http.Response.Body, question.Cancelled);
        return Results.Empty;
    }
}
