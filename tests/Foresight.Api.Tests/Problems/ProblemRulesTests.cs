using System.Text.Json;
using Foresight.Api.Problems;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http;

namespace Foresight.Api.Tests.Problems;

public sealed class ProblemRulesTests
{
    private sealed record Inner(string Price, int Index);

    private sealed record Outer(Inner Order, string Signature);

    [Theory]
    [InlineData(401, ProblemCodes.Unauthorized, 401)]
    [InlineData(404, ProblemCodes.NotFound, 404)]
    [InlineData(405, ProblemRules.MethodNotAllowed, 405)]
    [InlineData(413, ProblemCodes.BodyTooLarge, 413)]
    [InlineData(415, ProblemRules.UnsupportedMediaType, 415)]
    [InlineData(429, ProblemCodes.RateLimited, 429)]
    [InlineData(503, ProblemCodes.Unavailable, 503)]
    [InlineData(500, ProblemRules.InternalError, 500)]
    [InlineData(505, ProblemRules.InternalError, 505)]
    [InlineData(408, ProblemCodes.MalformedRequest, 408)]
    [InlineData(431, ProblemCodes.MalformedRequest, 431)]
    public void AStatusOfTheFramework_KeepsItsNumber_AndGetsACode(int status, string code, int shown)
    {
        var problem = ProblemRules.Of(status);
        Assert.Equal((code, (int?)shown), (problem.Code, new ProblemResult(problem).StatusCode));
    }

    [Theory]
    [InlineData(ProblemCodes.Unavailable, true)]
    [InlineData(ProblemCodes.NotLeader, true)]
    [InlineData(ProblemCodes.InDoubt, true)]
    [InlineData(ProblemCodes.RateLimited, true)]
    [InlineData(ProblemCodes.AccountLimited, true)]
    // A program that sends these again unchanged would do so for ever.
    [InlineData(ProblemCodes.CommandFailed, false)]
    [InlineData(ProblemCodes.MalformedRequest, false)]
    [InlineData(ProblemCodes.DuplicateOrder, false)]
    [InlineData(ProblemCodes.InsufficientBalance, false)]
    [InlineData(ProblemRules.InternalError, false)]
    public void OnlyACausePassingByItself_IsRetryable(string code, bool isRetryable) =>
        Assert.Equal(isRetryable, ProblemRules.IsRetryable(code));

    [Theory]
    [InlineData("""{"order":{"price":"1","index":0}}""", "The body misses: signature.")]
    [InlineData("""{"order":{}}""", "The body misses: price, index.")]
    [InlineData(
        """{"order":{"price":"1","index":"0"},"signature":""}""",
        "The member \"order.index\" has a wrong type, is null, or comes twice."
    )]
    [InlineData(
        """{"order":{"price":null,"index":0},"signature":""}""",
        "The member \"order.price\" has a wrong type, is null, or comes twice."
    )]
    [InlineData(
        """{"order":{"price":"1","price":"2","index":0},"signature":""}""",
        "The member \"order.price\" has a wrong type, is null, or comes twice."
    )]
    [InlineData("[]", "The body is not a JSON object of the documented shape.")]
    [InlineData("""{"order":}""", "The body is not valid JSON (line 1, byte 9).")]
    [InlineData("{\n\"order\": x", "The body is not valid JSON (line 2, byte 9).")]
    public void AFaultInABody_IsNamedInTheCallersTerms(string body, string detail)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ApiJson.Configure(options);
        var error = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Outer>(body, options));
        var problem = ProblemRules.OfJson(error);
        Assert.Equal((ProblemCodes.MalformedRequest, detail), (problem.Code, problem.Detail));
    }

    /// <summary>The caller chooses the names, and the answer must not become as long as the request.</summary>
    [Fact]
    public void AMembersName_IsCutInTheAnswer()
    {
        var name = new string('n', 5_000);
        var error = Assert.Throws<JsonException>(() =>
            JsonSerializer.Deserialize<Dictionary<string, int>>($$"""{"{{name}}": "x"}""", JsonSerializerOptions.Strict)
        );
        Assert.InRange(ProblemRules.OfJson(error).Detail.Length, 100, 200);
    }

    [Theory]
    [InlineData(0, "1")]
    [InlineData(1, "1")]
    [InlineData(1_001, "2")]
    [InlineData(60_000, "60")]
    public async Task RetryAfter_IsInWholeSeconds_NeverTooEarly(int milliseconds, string header)
    {
        var http = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        var problem = new Problem(ProblemCodes.RateLimited, "x") { RetryAfter = TimeSpan.FromMilliseconds(milliseconds) };
        await new ProblemResult(problem).ExecuteAsync(http);
        Assert.Equal(header, http.Response.Headers.RetryAfter.ToString());
    }

    [Fact]
    public async Task AnAnswer_HasWhatAProgramDecidesBy_AndOmitsWhatIsNotKnown()
    {
        var http = new DefaultHttpContext { Response = { Body = new MemoryStream() }, TraceIdentifier = "t-1" };
        var problem = new Problem(ProblemCodes.DuplicateOrder, "It is known.")
        {
            More = new Dictionary<string, object?> { ["orderId"] = "0x1" },
        };
        await new ProblemResult(problem).ExecuteAsync(http);
        http.Response.Body.Position = 0;
        using var body = await JsonDocument.ParseAsync(http.Response.Body);
        Assert.Equal(
            [
                "code=duplicate_order",
                "detail=It is known.",
                "orderId=0x1",
                "status=409",
                "title=The order is known already.",
                "traceId=t-1",
                "type=urn:foresight:problem:duplicate_order",
            ],
            body.RootElement.EnumerateObject().Select(member => $"{member.Name}={member.Value}").Order(StringComparer.Ordinal)
        );
        Assert.Equal((409, ProblemRules.ContentType), (http.Response.StatusCode, http.Response.ContentType));
    }
}
