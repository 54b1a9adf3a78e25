using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Foresight.Protocol;

namespace Foresight.Client.Tests;

/// <summary>Only a clear refusal may be taken for one: an order of any other answer may be in the journal.</summary>
public sealed class ApiAnswerTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(202, """{"code":"in_doubt"}""", "Unknown", "in_doubt")]
    [InlineData(202, "{}", "Unknown", "http_202")]
    [InlineData(204, "", "Unknown", "http_204")]
    [InlineData(302, "", "Unknown", "http_302")]
    [InlineData(400, """{"code":"malformed_request"}""", "Refused", "malformed_request")]
    [InlineData(409, """{"code":"duplicate_order"}""", "Refused", "duplicate_order")]
    // An order in doubt may be in the journal, with either status.
    [InlineData(409, """{"code":"in_doubt"}""", "Unknown", "in_doubt")]
    [InlineData(503, """{"code":"in_doubt"}""", "Unknown", "in_doubt")]
    [InlineData(429, """{"code":"rate_limited"}""", "Busy", "rate_limited")]
    [InlineData(503, """{"code":"not_leader"}""", "Busy", "not_leader")]
    [InlineData(500, """{"code":"internal_error"}""", "Unknown", "internal_error")]
    [InlineData(502, "", "Unknown", "http_502")]
    // Not of the Api's shape, so the status alone counts.
    [InlineData(422, """{"code":7}""", "Refused", "http_422")]
    [InlineData(422, "[]", "Refused", "http_422")]
    [InlineData(503, """{"code":"not_l""", "Busy", "http_503")]
    [InlineData(502, "<html>", "Unknown", "http_502")]
    public async Task AnAnswer_MeansWhatItsCodeAndStatusSay(int status, string body, string kind, string code)
    {
        var answer = await ReadAsync(status, body, _ => { });
        Assert.Equal((kind, code, status), (answer.Kind.ToString(), answer.Code, answer.Status));
        Assert.Null(answer.Body);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    public async Task AnAnswerOfSuccess_HasItsBody(int status) =>
        Assert.Equal(
            ("0xab", AnswerKind.Done),
            await ReadAsync(status, """{"cancelled":["0xab"],"epoch":1,"sequence":2}""", _ => { }) is var answer
                ? (answer.Body!.Cancelled[0], answer.Kind)
                : default
        );

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5, 5)]
    [InlineData(30, 30)]
    [InlineData(86_400, 30)]
    public async Task ADelayThatTheServerAsksFor_IsBounded(int asked, int given)
    {
        var seconds = await ReadAsync(503, "", headers => headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(asked)));
        var date = await ReadAsync(503, "", headers => headers.RetryAfter = new RetryConditionHeaderValue(Now.AddSeconds(asked)));
        Assert.Equal((TimeSpan.FromSeconds(given), TimeSpan.FromSeconds(given)), (seconds.RetryAfter!.Value, date.RetryAfter!.Value));
    }

    [Fact]
    public async Task ADateThatHasPassed_IsNoNegativeDelay_AndWithoutAHeaderThereIsNone()
    {
        var past = await ReadAsync(503, "", headers => headers.RetryAfter = new RetryConditionHeaderValue(Now.AddHours(-1)));
        Assert.Equal(TimeSpan.Zero, past.RetryAfter);
        Assert.Null((await ReadAsync(503, "", _ => { })).RetryAfter);
    }

    private static Task<ApiAnswer<CancelOrderResponse>> ReadAsync(int status, string body, Action<HttpResponseHeaders> set)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status)
        {
            Content = new StringContent(
                body,
                Encoding.UTF8,
                body.StartsWith('<') || body.Length == 0 ? "text/html" : "application/problem+json"
            ),
        };
        set(response.Headers);
        return ApiAnswer<CancelOrderResponse>.ReadAsync(response, JsonSerializerOptions.Web, new FixedClock(), CancellationToken.None);
    }

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
