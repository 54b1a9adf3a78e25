using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Api.Problems;

/// <summary>
/// Outermost, so that no exception text reaches a caller. The failure of a dependency is 503 and retryable; only our own defects are 500.
/// </summary>
public sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var body = http.Request.Body;
        try
        {
            if (http.Request.ContentLength > ApiLimits.BodyBytes)
                throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
            // The size of a chunked body is known only while it is read, so it is counted then.
            if (http.Request.ContentLength is null && http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
                http.Request.Body = new LimitedBody(body);
            await next(http);
        }
        catch (Exception error) when (!http.Response.HasStarted)
        {
            if (error is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge })
                await LimitedBody.DrainAsync(body, http.RequestAborted);
            if (http.RequestAborted.IsCancellationRequested)
                return;
            var headers = http.Response.Headers.Where(header => IsOfEveryAnswer(header.Key)).ToList();
            http.Response.Clear();
            foreach (var (name, value) in headers)
                http.Response.Headers[name] = value;
            await new ProblemResult(ProblemOf(error, http)).ExecuteAsync(http);
            return;
        }

        var response = http.Response;
        if (response is { StatusCode: >= 400, HasStarted: false, ContentLength: null, ContentType: null })
            await new ProblemResult(ProblemRules.Of(response.StatusCode)).ExecuteAsync(http);
    }

    private Problem ProblemOf(Exception error, HttpContext http)
    {
        switch (error)
        {
            case BadHttpRequestException { InnerException: JsonException json }:
                return ProblemRules.OfJson(json);
            case BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } request:
                // May be shown: the framework's message names the parameter that failed to bind, and the value in it is the caller's own.
                var message = OurPropertyName().Replace(request.Message, name => name.Value.ToLowerInvariant(), count: 1);
                return Problem.Malformed(message.Length > 200 ? message[..200] : message);
            case BadHttpRequestException request:
                return ProblemRules.Of(request.StatusCode);
            case PostgresException { SqlState: var state } when IsDefect(state):
                Log.Defect(logger, error, http.Request.Method, http.Request.Path);
                return ProblemRules.Of(StatusCodes.Status500InternalServerError);
            case NpgsqlException or RedisException or TimeoutException or HttpRequestException or OperationCanceledException:
                Log.DependencyFailed(logger, http.Request.Method, http.Request.Path, error.GetType().Name, error.Message);
                return Problem.Unavailable("Something this needs cannot be reached at the moment.");
            default:
                Log.Defect(logger, error, http.Request.Method, http.Request.Path);
                return ProblemRules.Of(StatusCodes.Status500InternalServerError);
        }
    }

    /// <summary>Headers that describe the body of the answer that failed must not remain on the problem.</summary>
    private static bool IsOfEveryAnswer(string header) =>
        header.StartsWith("X-", StringComparison.OrdinalIgnoreCase)
        || header.Equals(HeaderNames.CacheControl, StringComparison.OrdinalIgnoreCase)
        || header.Equals(HeaderNames.ContentSecurityPolicy, StringComparison.OrdinalIgnoreCase)
        || header.Equals("Referrer-Policy", StringComparison.OrdinalIgnoreCase);

    /// <summary>Values that Postgres cannot take (class 22) or whose rows it refuses (23): the same request fails again.</summary>
    private static bool IsDefect(string sqlState) =>
        sqlState.StartsWith("22", StringComparison.Ordinal) || sqlState.StartsWith("23", StringComparison.Ordinal);

    /// <summary>
    /// The message begins a parameter with the first letter of our property, but the API documents parameters in lower case.
    /// </summary>
    [GeneratedRegex("""(?<=^(Failed to bind parameter|Required parameter) "\S+ )[A-Z]""")]
    private static partial Regex OurPropertyName();

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{Method} {Path} failed: dependency unavailable: {Kind}: {Reason}")]
        public static partial void DependencyFailed(ILogger logger, string method, string path, string kind, string reason);

        [LoggerMessage(LogLevel.Error, "{Method} {Path} failed: unhandled exception.")]
        public static partial void Defect(ILogger logger, Exception error, string method, string path);
    }
}
