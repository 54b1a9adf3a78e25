using System.Net;
using System.Net.Http.Headers;
using Foresight.Protocol;

namespace Foresight.Client.Tests;

/// <summary>The clock lets each pause pass at once, and keeps its length.</summary>
public sealed class ForesightClientPausesTests
{
    private readonly ScriptedServer _script = new();
    private readonly InstantClock _clock = new();
    private readonly List<ApiFault> _faults = [];

    [Fact]
    public async Task Pauses_Double_UpToTwoSeconds()
    {
        for (var i = 0; i < 8; i++)
            _script.Then(HttpStatusCode.ServiceUnavailable, """{"code":"not_leader"}""");
        _script.Then(HttpStatusCode.NotFound, "{}");
        Assert.Null(await FindAsync());
        Assert.Equal([50, 100, 200, 400, 800, 1_600, 2_000, 2_000], _clock.Pauses.Select(pause => pause.TotalMilliseconds));
    }

    /// <summary>A server, or a clock that is ahead, may ask for no pause at all, but without one the client would be a flood.</summary>
    [Fact]
    public async Task ARetryAfterOfNothing_IsStillAPause()
    {
        for (var i = 0; i < 3; i++)
            _script.Then(_ => Busy(TimeSpan.Zero));
        _script.Then(_ => Busy(TimeSpan.FromSeconds(7)));
        _script.Then(HttpStatusCode.NotFound, "{}");
        Assert.Null(await FindAsync());
        Assert.Equal([50, 50, 50, 7_000], _clock.Pauses.Select(pause => pause.TotalMilliseconds));
    }

    /// <summary>
    /// Such an answer is a proxy's, or of a connection that broke within the body, so the fate of the request is unknown.
    /// </summary>
    [Theory]
    [InlineData("<html>Welcome</html>")]
    [InlineData("""{"cancelled":["0x""")]
    [InlineData("")]
    [InlineData("null")]
    public async Task ABodyThatCannotBeRead_IsALostAnswer_AndEndsNothing(string body)
    {
        _script.Then(HttpStatusCode.OK, body);
        _script.Then(HttpStatusCode.OK, """{"cancelled":["0xab"],"epoch":1,"sequence":2}""");
        var cancel = new CancelOrderRequest("0x", "0x", "1", "0x");
        Assert.Equal(["0xab"], (await Client().CancelAsync(cancel, CancellationToken.None))!.Cancelled);
        Assert.Equal([new ApiFault("transport", InDoubt: true)], _faults);
    }

    [Fact]
    public async Task AProblemThatCannotBeRead_IsJudgedByItsStatus()
    {
        _script.Then(HttpStatusCode.ServiceUnavailable, """{"code":"not_l""");
        _script.Then(HttpStatusCode.NotFound, """{"code":""");
        Assert.Null(await FindAsync());
        Assert.Equal([new ApiFault("http_503", InDoubt: false)], _faults);
    }

    [Fact]
    public async Task ARefusedRead_IsAnErrorWithItsCode()
    {
        _script.Then(HttpStatusCode.BadRequest, """{"code":"malformed_request","detail":"why"}""");
        var refused = await Assert.ThrowsAsync<ApiRefusedException>(FindAsync);
        Assert.Equal("400 malformed_request: why", refused.Message);
    }

    private Task<OrderView?> FindAsync() => Client().FindAsync("0xab", CancellationToken.None);

    private ForesightClient Client() => new(new HttpClient(_script), new ApiNodes([new Uri("http://one.invalid/")]), _clock, _faults.Add);

    private static HttpResponseMessage Busy(TimeSpan wait)
    {
        var response = ScriptedServer.Answer(HttpStatusCode.ServiceUnavailable, """{"code":"not_leader"}""");
        response.Headers.RetryAfter = new RetryConditionHeaderValue(wait);
        return response;
    }
}
