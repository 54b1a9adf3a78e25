using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Foresight.Chain.Signing;
using Foresight.Exchange;
using Foresight.Simulator.Traders;

namespace Foresight.EndToEnd.Tests.Simulator;

/// <summary>How a trader's client behaves when answers are late, lost or refusals; no stack is needed for it.</summary>
public sealed class ApiClientTests
{
    private const string Accepted =
        """{"orderId":"0xab","status":"open","requestedAmount":"1","filledAmount":"0","remainingAmount":"1","fills":[],"epoch":3,"sequence":9}""";

    private static readonly TradedMarket Market = new(1, "0x0000000000000000000000000000000000000001", 2, 1);

    private readonly Script script = new();
    private readonly SignedPlacement placement = new OrderSigner(31337).Sign(
        new Trader("t", PrivateKey.OfPhrase("t")), new OrderIntent(Market, 0, Side.Buy, new Price(5000), new Quantity(100)));

    [Fact]
    public async Task LostAnswer_IsAskedForById_AndNotSentAgainWhenFound()
    {
        script.Then(_ => throw new HttpRequestException("connection lost"));
        script.Then(HttpStatusCode.OK, """
            {"orderId":"0xab","marketId":1,"market":"0x","maker":"0x","outcomeIndex":0,"isBuy":true,"price":"0.5","requestedAmount":"1","filledAmount":"0",
             "remainingAmount":"1","timeInForce":"GTC","postOnly":false,"status":"open","acceptedAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z",
             "fills":[],"epoch":3,"sequence":9}
            """);
        var outcome = Assert.IsType<PlaceOutcome.Acknowledged>(await Client().PlaceAsync(placement, CancellationToken.None));
        Assert.Equal((3, 9, true), (outcome.Epoch, outcome.Sequence, outcome.WasInDoubt));
        Assert.Equal(["POST /orders", $"GET /orders/{placement.OrderId}"], script.Requests);
    }

    [Fact]
    public async Task LostRequest_IsSentAgain_ByteForByteUnderTheSameKey_ToAnotherNode()
    {
        script.Then(HttpStatusCode.GatewayTimeout, """{"code":"in_doubt"}""");
        script.Then(HttpStatusCode.NotFound, """{"code":"not_found"}""");
        script.Then(HttpStatusCode.OK, Accepted);
        Assert.IsType<PlaceOutcome.Acknowledged>(await Client().PlaceAsync(placement, CancellationToken.None));
        Assert.Equal(2, script.Posts.Count);
        Assert.Equal(script.Posts[0], script.Posts[1]);
        Assert.Contains($"Idempotency-Key: {placement.OrderId}", script.Posts[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task DuplicateAfterALostAnswer_IsTheOrderItself()
    {
        script.Then(HttpStatusCode.GatewayTimeout, """{"code":"in_doubt"}""");
        script.Then(HttpStatusCode.NotFound, """{"code":"not_found"}""");
        script.Then(HttpStatusCode.Conflict, """{"code":"duplicate_order"}""");
        script.Then(HttpStatusCode.NotFound, """{"code":"not_found"}""");
        script.Then(HttpStatusCode.OK, Accepted);
        Assert.True(Assert.IsType<PlaceOutcome.Acknowledged>(await Client().PlaceAsync(placement, CancellationToken.None)).WasInDoubt);
    }

    [Fact]
    public async Task DuplicateWithoutDoubt_IsARejection()
    {
        script.Then(HttpStatusCode.Conflict, """{"code":"duplicate_order"}""");
        Assert.Equal(
            "duplicate_order", Assert.IsType<PlaceOutcome.Rejected>(await Client().PlaceAsync(placement, CancellationToken.None)).Code);
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task BusyServer_IsAskedAgainAfterTheTimeItNames(HttpStatusCode busy)
    {
        script.Then(_ =>
        {
            var response = Script.Answer(busy, """{"code":"rate_limited"}""");
            response.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(1));
            return response;
        });
        script.Then(HttpStatusCode.OK, Accepted);
        var started = TimeProvider.System.GetTimestamp();
        var outcome = Assert.IsType<PlaceOutcome.Acknowledged>(await Client().PlaceAsync(placement, CancellationToken.None));
        Assert.False(outcome.WasInDoubt);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0.95, 10);
    }

    [Fact]
    public async Task RefusedOrder_IsReportedWithItsCode_AndNotTriedAgain()
    {
        script.Then(HttpStatusCode.UnprocessableEntity, """{"code":"insufficient_balance","detail":"0 of 50 USDC"}""");
        var outcome = Assert.IsType<PlaceOutcome.Rejected>(await Client().PlaceAsync(placement, CancellationToken.None));
        Assert.Equal(
            (422, "insufficient_balance", "0 of 50 USDC", false), (outcome.HttpStatus, outcome.Code, outcome.Detail, outcome.WasInDoubt));
        Assert.Single(script.Requests);
    }

    private ApiClient Client() => new(
        new HttpClient(script), new ApiNodes([new Uri("http://one.invalid/"), new Uri("http://two.invalid/")]), TimeProvider.System);

    /// <summary>A server that gives the answers of a list, one after the other.</summary>
    private sealed class Script : HttpMessageHandler
    {
        private readonly Queue<Func<HttpRequestMessage, HttpResponseMessage>> answers = [];

        public List<string> Requests { get; } = [];

        /// <summary>Headers and body of every POST.</summary>
        public List<string> Posts { get; } = [];

        public void Then(Func<HttpRequestMessage, HttpResponseMessage> answer) => answers.Enqueue(answer);

        public void Then(HttpStatusCode status, string json) => Then(_ => Answer(status, json));

        public static HttpResponseMessage Answer(HttpStatusCode status, string json) => new(status)
        {
            Content = new StringContent(json, Encoding.UTF8, (int)status >= 400 ? "application/problem+json" : "application/json"),
        };

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add($"{request.Method} {request.RequestUri!.AbsolutePath}");
            if (request.Content is { } content)
                Posts.Add(request.Headers + await content.ReadAsStringAsync(cancellationToken));
            return answers.Dequeue()(request);
        }
    }
}
