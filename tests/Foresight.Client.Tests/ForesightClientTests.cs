using System.Net;
using System.Net.Http.Headers;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Client.Tests;

public sealed class ForesightClientTests
{
    private const string Accepted = """
        {"orderId":"0xab","status":"open","requestedAmount":"1","filledAmount":"0","remainingAmount":"1",
         "fills":[],"epoch":3,"sequence":9}
        """;

    private readonly ScriptedServer _script = new();
    private readonly SignedPlacement _placement = new OrderSigner(31337).Sign(
        PrivateKey.OfPhrase("t"),
        new OrderTerms("0x0000000000000000000000000000000000000001", 0, IsBuy: true, Price: 0.5m, Amount: 1m)
    );

    [Fact]
    public async Task LostAnswer_IsAskedForById_AndNotSentAgainWhenFound()
    {
        _script.Then(_ => throw new HttpRequestException("connection lost"));
        _script.Then(
            HttpStatusCode.OK,
            """
            {"orderId":"0xab","marketId":1,"market":"0x","maker":"0x","outcomeIndex":0,"isBuy":true,"price":"0.5",
             "requestedAmount":"1","filledAmount":"0","remainingAmount":"1","timeInForce":"GTC","postOnly":false,"status":"open",
             "acceptedAt":"2026-01-01T00:00:00Z",
             "updatedAt":"2026-01-01T00:00:00Z","fills":[],"epoch":3,"sequence":9}
            """
        );
        var outcome = Assert.IsType<PlaceOutcome.Acknowledged>(await Client().PlaceAsync(_placement, CancellationToken.None));
        Assert.Equal((3, 9, true), (outcome.Epoch, outcome.Sequence, outcome.WasInDoubt));
        Assert.Equal(["POST /orders", $"GET /orders/{_placement.OrderId}"], _script.Requests);
    }

    [Fact]
    public async Task LostRefusal_IsARefusal_ThoughTheOrderIsFound()
    {
        _script.Then(HttpStatusCode.Accepted, """{"code":"in_doubt"}""");
        _script.Then(
            HttpStatusCode.OK,
            """
            {"orderId":"0xab","marketId":1,"market":"0x","maker":"0x","outcomeIndex":0,"isBuy":true,"price":"0.5",
             "requestedAmount":"1","filledAmount":"0","remainingAmount":"0","timeInForce":"GTC","postOnly":false,"status":"rejected",
             "reason":"self_trade","acceptedAt":"2026-01-01T00:00:00Z",
             "updatedAt":"2026-01-01T00:00:00Z","fills":[],"epoch":3,"sequence":9}
            """
        );
        var outcome = Assert.IsType<PlaceOutcome.Rejected>(await Client().PlaceAsync(_placement, CancellationToken.None));
        Assert.Equal(("self_trade", 422, true), (outcome.Code, outcome.HttpStatus, outcome.WasInDoubt));
    }

    [Fact]
    public async Task LostRequest_IsSentAgain_ByteForByteUnderTheSameKey_ToAnotherNode()
    {
        _script.Then(HttpStatusCode.GatewayTimeout, """{"code":"in_doubt"}""");
        _script.Then(HttpStatusCode.NotFound, """{"code":"not_found"}""");
        _script.Then(HttpStatusCode.OK, Accepted);
        Assert.IsType<PlaceOutcome.Acknowledged>(await Client().PlaceAsync(_placement, CancellationToken.None));
        Assert.Equal(2, _script.Posts.Count);
        Assert.Equal(_script.Posts[0], _script.Posts[1]);
        Assert.Contains($"Idempotency-Key: {_placement.OrderId}", _script.Posts[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task DuplicateAfterALostAnswer_IsTheOrderItself()
    {
        _script.Then(HttpStatusCode.GatewayTimeout, """{"code":"in_doubt"}""");
        _script.Then(HttpStatusCode.NotFound, """{"code":"not_found"}""");
        _script.Then(HttpStatusCode.Conflict, """{"code":"duplicate_order"}""");
        _script.Then(HttpStatusCode.NotFound, """{"code":"not_found"}""");
        _script.Then(HttpStatusCode.OK, Accepted);
        Assert.True(Assert.IsType<PlaceOutcome.Acknowledged>(await Client().PlaceAsync(_placement, CancellationToken.None)).WasInDoubt);
    }

    [Fact]
    public async Task DuplicateWithoutDoubt_IsARejection()
    {
        _script.Then(HttpStatusCode.Conflict, """{"code":"duplicate_order"}""");
        Assert.Equal(
            "duplicate_order",
            Assert.IsType<PlaceOutcome.Rejected>(await Client().PlaceAsync(_placement, CancellationToken.None)).Code
        );
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task BusyServer_IsAskedAgainAfterTheTimeItNames(HttpStatusCode busy)
    {
        _script.Then(_ =>
        {
            var response = ScriptedServer.Answer(busy, """{"code":"rate_limited"}""");
            response.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(1));
            return response;
        });
        _script.Then(HttpStatusCode.OK, Accepted);
        var started = TimeProvider.System.GetTimestamp();
        var outcome = Assert.IsType<PlaceOutcome.Acknowledged>(await Client().PlaceAsync(_placement, CancellationToken.None));
        Assert.False(outcome.WasInDoubt);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0.95, 10);
    }

    [Fact]
    public async Task RefusedOrder_IsReportedWithItsCode_AndNotTriedAgain()
    {
        _script.Then(HttpStatusCode.UnprocessableEntity, """{"code":"insufficient_balance","detail":"0 of 50 USDC"}""");
        var outcome = Assert.IsType<PlaceOutcome.Rejected>(await Client().PlaceAsync(_placement, CancellationToken.None));
        Assert.Equal(
            (422, "insufficient_balance", "0 of 50 USDC", false),
            (outcome.HttpStatus, outcome.Code, outcome.Detail, outcome.WasInDoubt)
        );
        Assert.Single(_script.Requests);
    }

    [Fact]
    public async Task Cancel_OfAnUnknownOrder_IsNothing_AndAnotherRefusalIsAnError()
    {
        var cancel = new OrderSigner(31337).SignCancel(PrivateKey.OfPhrase("t"), _placement);
        _script.Then(HttpStatusCode.NotFound, """{"code":"unknown_order"}""");
        Assert.Null(await Client().CancelAsync(cancel, CancellationToken.None));
        _script.Then(HttpStatusCode.BadRequest, """{"code":"invalid_signature","detail":"why"}""");
        var refused = await Assert.ThrowsAsync<ApiRefusedException>(() => Client().CancelAsync(cancel, CancellationToken.None));
        Assert.Equal(("invalid_signature", "400 invalid_signature: why"), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task AFault_IsReportedWithItsCode_AndWhetherTheRequestMayHaveTakenEffect()
    {
        var faults = new List<ApiFault>();
        _script.Then(HttpStatusCode.ServiceUnavailable, """{"code":"no_leader"}""");
        _script.Then(_ => new HttpResponseMessage(HttpStatusCode.BadGateway));
        _script.Then(_ => throw new HttpRequestException("connection lost"));
        _script.Then(HttpStatusCode.NotFound, """{"code":"not_found"}""");
        Assert.Null(await Client(faults.Add).FindAsync("0xab", CancellationToken.None));
        Assert.Equal([new("no_leader", false), new("http_502", true), new("transport", true)], faults);
    }

    [Fact]
    public async Task WhileNoServerAnswers_ItGoesOnAsking_UntilItsCallerStops()
    {
        using var stop = new CancellationTokenSource();
        for (var i = 0; i < 2; i++)
            _script.Then(_ => throw new HttpRequestException("connection lost"));
        _script.Then(_ =>
        {
            stop.Cancel();
            throw new OperationCanceledException(stop.Token);
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client().AccountAsync("0x", stop.Token));
        Assert.Equal(3, _script.Requests.Count);
    }

    [Fact]
    public async Task AWithdrawalWhoseAnswerWasLost_IsAskedForByItsNonce_AndNotRequestedTwice()
    {
        const string Found = """
            {"account":"0x2","asset":"USDC","amount":"1","nonce":"7","deadline":9,"state":"granted","vaultAsset":"0",
             "vaultAmount":"1000000","coSignature":null,"grantedAt":"2026-01-01T00:00:00Z"}
            """;
        var request = new WithdrawalRequest("0x2", "USDC", "1", "7", 9, "0x");
        _script.Then(_ => throw new HttpRequestException("connection lost"));
        _script.Then(HttpStatusCode.NotFound, """{"code":"not_found"}""");
        _script.Then(HttpStatusCode.Conflict, """{"code":"duplicate_order"}""");
        _script.Then(HttpStatusCode.OK, Found);
        await Client().RequestWithdrawalAsync(request, CancellationToken.None);
        Assert.Equal(["POST /withdrawals", "GET /withdrawals/0x2/7", "POST /withdrawals", "GET /withdrawals/0x2/7"], _script.Requests);

        // Without a doubt it is another withdrawal's nonce.
        _script.Then(HttpStatusCode.Conflict, """{"code":"duplicate_order"}""");
        await Assert.ThrowsAsync<ApiRefusedException>(() => Client().RequestWithdrawalAsync(request, CancellationToken.None));
    }

    private ForesightClient Client(Action<ApiFault>? onFault = null) =>
        new(
            new HttpClient(_script),
            new ApiNodes([new Uri("http://one.invalid/"), new Uri("http://two.invalid/")]),
            TimeProvider.System,
            onFault
        );
}
