using System.Text.Json;
using Foresight.Api.Problems;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Api.Tests.Problems;

public sealed class ProblemMiddlewareTests
{
    private const string Secret = "Host=10.0.0.1;Password=hunter2";

    public static TheoryData<Exception, int, string, bool> Failures() =>
        new()
        {
            { new NpgsqlException(Secret), 503, ProblemCodes.Unavailable, true },
            { new RedisConnectionException(ConnectionFailureType.UnableToConnect, Secret), 503, ProblemCodes.Unavailable, true },
            { new TimeoutException(Secret), 503, ProblemCodes.Unavailable, true },
            { new HttpRequestException(Secret), 503, ProblemCodes.Unavailable, true },
            { new TaskCanceledException(Secret), 503, ProblemCodes.Unavailable, true },
            { new InvalidOperationException(Secret), 500, ProblemRules.InternalError, false },
            { new NullReferenceException(Secret), 500, ProblemRules.InternalError, false },
            // The framework wraps the faults of a body that it reads, so this JSON was stored by us.
            { new JsonException(Secret), 500, ProblemRules.InternalError, false },
            // A value that Postgres cannot take is no outage: the same request fails again.
            {
                new PostgresException(Secret, "ERROR", "ERROR", PostgresErrorCodes.CharacterNotInRepertoire),
                500,
                ProblemRules.InternalError,
                false
            },
            { new PostgresException(Secret, "ERROR", "ERROR", PostgresErrorCodes.UniqueViolation), 500, ProblemRules.InternalError, false },
            // The table is missing only until the setup has run.
            { new PostgresException(Secret, "ERROR", "ERROR", PostgresErrorCodes.UndefinedTable), 503, ProblemCodes.Unavailable, true },
            { new PostgresException(Secret, "FATAL", "FATAL", PostgresErrorCodes.AdminShutdown), 503, ProblemCodes.Unavailable, true },
            { new PostgresException(Secret, "FATAL", "FATAL", PostgresErrorCodes.TooManyConnections), 503, ProblemCodes.Unavailable, true },
            { new BadHttpRequestException("Broken.", 408), 408, ProblemCodes.MalformedRequest, false },
            { new BadHttpRequestException("Not ours.", 415), 415, ProblemRules.UnsupportedMediaType, false },
            { new BadHttpRequestException("Parse.", new JsonException("$.x")), 400, ProblemCodes.MalformedRequest, false },
        };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task AFailure_IsAProblem_WithoutWhatTheExceptionSays(Exception error, int status, string code, bool isRetryable)
    {
        var (http, body) = await RunAsync(_ => throw error);
        Assert.Equal((status, code), (http.Response.StatusCode, body.GetProperty("code").GetString()));
        Assert.Equal(isRetryable, body.TryGetProperty("retryable", out var retryable) && retryable.GetBoolean());
        Assert.DoesNotContain("hunter2", body.ToString());
    }

    [Fact]
    public async Task TheHeadersThatEveryAnswerHas_AreOnAProblemToo_AndThoseOfTheFailedAnswerAreNot()
    {
        var (http, _) = await RunAsync(
            http =>
            {
                http.Response.Headers.ContentType = "text/csv";
                http.Response.Headers.ETag = "\"half\"";
                http.Response.Headers[ApiHeaders.Lsn] = "0/5";
                throw new TimeoutException();
            },
            http =>
            {
                http.Response.Headers.CacheControl = "no-store";
                http.Response.Headers.ContentSecurityPolicy = "default-src 'none'";
            }
        );
        var headers = http.Response.Headers;
        Assert.Equal("no-store", headers.CacheControl);
        Assert.Equal("default-src 'none'", headers.ContentSecurityPolicy);
        Assert.Equal("0/5", headers[ApiHeaders.Lsn]);
        Assert.Equal("application/problem+json", headers.ContentType);
        Assert.False(headers.ContainsKey("ETag"));
    }

    [Theory]
    [InlineData(
        "Required parameter \"int Outcome\" was not provided from query string.",
        "Required parameter \"int outcome\" was not provided from query string."
    )]
    [InlineData(
        "Failed to bind parameter \"Nullable<int> Limit\" from \"X\".",
        "Failed to bind parameter \"Nullable<int> limit\" from \"X\"."
    )]
    [InlineData("Something Else.", "Something Else.")]
    public async Task AParameterThatFailedToBind_IsNamedAsTheCallerWroteIt(string message, string detail)
    {
        var (_, body) = await RunAsync(_ => throw new BadHttpRequestException(message, 400));
        Assert.Equal(detail, body.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task ALongMessage_IsCut()
    {
        var (_, body) = await RunAsync(_ => throw new BadHttpRequestException(new string('v', 5_000), 400));
        Assert.Equal(200, body.GetProperty("detail").GetString()!.Length);
    }

    [Theory]
    [InlineData(404, ProblemCodes.NotFound)]
    [InlineData(405, ProblemRules.MethodNotAllowed)]
    [InlineData(500, ProblemRules.InternalError)]
    public async Task ARefusalWithoutABody_GetsOne(int status, string code)
    {
        var (http, body) = await RunAsync(http =>
        {
            http.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        Assert.Equal((status, code), (http.Response.StatusCode, body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task AnAnswerThatHasABody_IsLeftAsItIs()
    {
        var (http, body) = await RunAsync(http =>
        {
            http.Response.StatusCode = 404;
            return http.Response.WriteAsJsonAsync(new { mine = true });
        });
        Assert.Equal(404, http.Response.StatusCode);
        Assert.True(body.GetProperty("mine").GetBoolean());
    }

    [Fact]
    public async Task ACallerWhoHasLeft_GetsNoAnswer()
    {
        var http = Context();
        http.RequestAborted = new CancellationToken(canceled: true);
        await new ProblemMiddleware(_ => throw new OperationCanceledException(), NullLogger<ProblemMiddleware>.Instance).InvokeAsync(http);
        Assert.Equal(0, http.Response.Body.Length);
    }

    [Fact]
    public async Task ABodyThatIsTooLargeByItsOwnWord_IsRefusedBeforeAnyHandler()
    {
        var (http, body) = await RunAsync(
            _ => throw new InvalidOperationException("It came to the handler."),
            http => http.Request.ContentLength = ApiLimits.BodyBytes + 1
        );
        Assert.Equal((413, ProblemCodes.BodyTooLarge), (http.Response.StatusCode, body.GetProperty("code").GetString()));
    }

    private static async Task<(HttpContext Http, JsonElement Body)> RunAsync(RequestDelegate next, Action<HttpContext>? before = null)
    {
        var http = Context();
        before?.Invoke(http);
        await new ProblemMiddleware(next, NullLogger<ProblemMiddleware>.Instance).InvokeAsync(http);
        http.Response.Body.Position = 0;
        using var body = await JsonDocument.ParseAsync(http.Response.Body);
        return (http, body.RootElement.Clone());
    }

    private static DefaultHttpContext Context() => new() { Response = { Body = new MemoryStream() } };
}
