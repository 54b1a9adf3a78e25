using System.Text.Json;
using Foresight.Console.Api;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Api;

public sealed class ApiQueriesTests
{
    private readonly ScriptedApi _api = new();
    private readonly ForesightApiClient _client;

    public ApiQueriesTests() => _client = _api.Client("Ada Łovelace");

    [Fact]
    public async Task EachQuestion_HasItsAddress()
    {
        _api.Answer("", () => Array.Empty<object>());
        await _client.GetMarketsAsync(default);
        await _client.GetMarketTradesAsync(7, 200, default);
        await _client.GetRunsAsync("120", 50, default);
        await _client.GetOrdersAsync("0xab", "open", "7", 500, default);
        await _client.GetRepairsAsync(9, default);
        await _client.GetOffendersAsync(default);
        _api.Answer("/admin/decisions", () => new { });
        await _client.GetDecisionsAsync(24, DecisionSubjects.Run, "Ada", default);
        Assert.Equal(
            [
                "/markets",
                "/markets/7/trades?limit=200",
                "/reconciliation/runs?limit=50&cursor=120",
                "/orders?maker=0xab&status=open&limit=500&cursor=7",
                "/reconciliation/runs/9/repairs?limit=500",
                "/admin/offenders",
                "/admin/decisions?hours=24&subject=run&actor=Ada",
            ],
            _api.Asked
        );
    }

    [Fact]
    public async Task SingleThings_AreAskedByTheirIds_WhichMayBeAnyText()
    {
        _api.Answer("", () => new { });
        await _client.LookUpAsync("it's 5% & more?", default);
        await _client.GetOrderAsync("0x12/../34", default);
        await _client.GetAccountAsync("0xab?x=1", default);
        await _client.GetTransactionAsync("0xcd", default);
        await _client.GetTradeAsync("042", default);
        Assert.Equal(
            [
                "/admin/lookup?q=it%27s%205%25%20%26%20more%3F",
                "/admin/orders/0x12%2F..%2F34",
                "/admin/accounts/0xab%3Fx%3D1",
                "/admin/transactions/0xcd",
                "/admin/trades/42",
            ],
            _api.Asked
        );
    }

    [Fact]
    public async Task Trades_AreAskedWithWhatIsChosen_AndNothingElse()
    {
        _api.Answer("/trades", () => new Page<TradeView>([], "older"));
        Assert.Equal("older", (await _client.GetTradesAsync(null, null, null, null, null, null, 50, default)).Next);
        await _client.GetTradesAsync("7", null, TradeStates.Mined, null, TradeSorts.NewestBlock, "a+b/c=", 50, default);
        await _client.GetTradesAsync(null, Samples.Account, null, "insufficient_balance", null, null, 50, default);
        Assert.Equal(
            [
                "/trades?limit=50",
                "/trades?market=7&settlement=mined&sort=-blockNumber&limit=50&cursor=a%2Bb%2Fc%3D",
                $"/trades?account={Samples.Account}&reason=insufficient_balance&limit=50",
            ],
            _api.Asked
        );
    }

    [Fact]
    public async Task Coverage_IsAskedPageByPage()
    {
        _api.Answer("/reconciliation/coverage", () => new Page<CoverageView>([], null));
        await _client.GetCoverageAsync(null, 500, default);
        await _client.GetCoverageAsync("9-200", 500, default);
        Assert.Equal(["/reconciliation/coverage?limit=500", "/reconciliation/coverage?limit=500&cursor=9-200"], _api.Asked);
    }

    [Fact]
    public async Task Discrepancies_AreAskedInTheApisWords_NotInThoseOfTheAddressBar()
    {
        _api.Answer("/reconciliation/discrepancies", () => new CountedPage<DiscrepancyView>([], null, 0));
        await _client.GetDiscrepanciesAsync(
            new DiscrepancyChoice(DiscrepancyChoice.Unresolved, Assignee: "Ada & Bob"),
            DiscrepancySorts.Urgency,
            25,
            0,
            default
        );
        await _client.GetDiscrepanciesAsync(
            new DiscrepancyChoice(DiscrepancyStates.Ignored, "amount_mismatch", "high", Age: "24h+", Text: "50 %"),
            "-amount",
            100,
            200,
            default
        );
        Assert.Equal(
            [
                "/reconciliation/discrepancies?state=live&assignee=Ada%20%26%20Bob&sort=urgency&limit=25",
                "/reconciliation/discrepancies?state=ignored&kind=amount_mismatch&severity=high&age=24h%2B&text=50%20%25&sort=-amount"
                    + "&limit=100&offset=200",
            ],
            _api.Asked
        );
    }

    [Fact]
    public async Task AddressInAPath_CannotLeaveItsPlace()
    {
        _api.Answer("/admin/offenders", () => new OffenderDetail(Samples.Offender(), [], []));
        await _client.GetOffenderAsync("../overview?x", default);
        Assert.Equal("/admin/offenders/..%2Foverview%3Fx", _api.Asked.Single());
    }

    [Fact]
    public async Task EveryRequest_CarriesTheKeyAndTheOperatorsName()
    {
        _api.Answer("/markets", () => Array.Empty<MarketView>());
        await _client.GetMarketsAsync(default);
        var request = _api.Requests.Single();
        Assert.Equal(("Bearer", ScriptedApi.Key), (request.Headers.Authorization!.Scheme, request.Headers.Authorization.Parameter));
        Assert.Equal("Ada%20%C5%81ovelace", request.Headers.GetValues(ApiHeaders.Operator).Single());
    }

    [Fact]
    public async Task Decisions_ArePostedAsTheApiReadsThem()
    {
        _api.Answer("/reconciliation/resolve/3", () => Samples.Detail());
        _api.Answer(
            "/reconciliation/resolve",
            () => new BulkResolveResponse(Guid.Empty, 2, 1, [new BulkRefusal(5, "state_conflict", "resolved")])
        );
        _api.Answer("/reconciliation/trigger", () => new TriggerResponse(9, AlreadyRunning: true));
        _api.Answer("/admin/offenders/0xab/reset", () => new OffenderDetail(Samples.Offender(), [], []));
        _api.Answer("/admin/offenders/0xab/undo-reset", () => new OffenderDetail(Samples.Offender(), [], []));

        await _client.ResolveAsync(3, new ResolveRequest("seen", DiscrepancyActions.Ignore, DateTimeOffset.UnixEpoch), default);
        var bulk = await _client.ResolveManyAsync(new BulkResolveRequest([3, 5], "both", DiscrepancyActions.Resolve), default);
        Assert.True((await _client.TriggerReconciliationAsync(new TriggerRequest("before"), default)).AlreadyRunning);
        await _client.TriggerReconciliationAsync(new TriggerRequest("plan", DryRun: true), default);
        await _client.ResetOffenderAsync("0xab", new ResetOffenderRequest("our fault"), default);
        await _client.UndoOffenderResetAsync("0xab", new UndoOffenderResetRequest("another's"), default);

        Assert.Equal((2, 1, "resolved"), (bulk.Changed, bulk.Awaiting, bulk.Refused.Single().Reason));
        Assert.Equal(
            [
                """{"note":"seen","action":"ignore","until":"1970-01-01T00:00:00+00:00","assignee":null}""",
                """{"ids":[3,5],"note":"both","action":"resolve","until":null,"assignee":null}""",
                """{"note":"before","dryRun":false}""",
                """{"note":"plan","dryRun":true}""",
                """{"note":"our fault"}""",
                """{"note":"another\u0027s"}""",
            ],
            _api.Bodies
        );
        Assert.All(_api.Requests, request => Assert.Equal(HttpMethod.Post, request.Method));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"items":[],"next":null}""")]
    public async Task List_ComesAsAnArray_OrAsAPage(string body)
    {
        _api.Text("/markets", body);
        Assert.Empty(await _client.GetMarketsAsync(default));
    }

    [Fact]
    public async Task Markets_AreReadPageByPage_UpToABound()
    {
        _api.Answer("/markets", () => new Page<MarketView>([Samples.Market()], "7"));
        _api.Answer("/markets?cursor=7", () => new Page<MarketView>([Samples.Market(8)], null));
        Assert.Equal([7, 8], (await _client.GetMarketsAsync(default)).Select(market => market.Id));
        Assert.Equal(["/markets", "/markets?cursor=7"], _api.Asked);

        _api.Answer("/markets?cursor=7", () => new Page<MarketView>([], "7"));
        Assert.Single(await _client.GetMarketsAsync(default));
        Assert.Equal(2 + ForesightApiClient.MaxMarketPages, _api.Asked.Count);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("<html>")]
    [InlineData("{\"id\":")]
    [InlineData("{\"id\":\"seven\"}")]
    [InlineData("")]
    public async Task AnswerThatCannotBeRead_IsAnOutage(string body)
    {
        _api.Text("/markets/7", body);
        var outage = await Assert.ThrowsAsync<ApiUnavailableException>(() => _client.GetMarketAsync(7, default));
        Assert.True(body == "null" ? outage.InnerException is null : outage.InnerException is JsonException);
    }

    [Fact]
    public async Task ProblemWithoutACode_IsNamedByItsStatus()
    {
        _api.Text("/markets/7", "gone", 410, "text/plain");
        _api.Text("/markets/8", "{", 409, "application/problem+json");
        _api.Text("/markets/9", """{"title":"Conflict of states"}""", 409, "application/problem+json");
        Assert.Equal((410, "410 Gone", "410 Gone"), await RefusalOf(7));
        Assert.Equal((409, "409 Conflict", "409 Conflict"), await RefusalOf(8));
        Assert.Equal((409, "409 Conflict", "Conflict of states"), await RefusalOf(9));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task RefusedKey_EndsTheRound_WithoutAskingAnotherNode(int status)
    {
        var api = new ScriptedApi(nodes: 2);
        api.Problem("", status, ProblemCodes.Unauthorized);
        await Assert.ThrowsAsync<KeyRefusedException>(() => api.Client().GetMarketsAsync(default));
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task SignedOutOperator_AsksNothing()
    {
        await Assert.ThrowsAsync<KeyRefusedException>(() => _api.Client(key: null).GetMarketsAsync(default));
        Assert.Empty(_api.Requests);
    }

    [Fact]
    public async Task PageThatIsLeft_CancelsItsQuestion_AndThatIsNoOutage()
    {
        using var left = new CancellationTokenSource();
        _api.Answer("/markets", () => Array.Empty<MarketView>());
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.GetMarketsAsync(left.Token));
    }

    [Fact]
    public async Task NodeThatTakesTooLong_IsNamed_AndTheNextIsAsked()
    {
        var api = new ScriptedApi(nodes: 2);
        api.Fail("node-1", () => new TaskCanceledException("the try's own bound", new TimeoutException()));
        api.Problem("", 503, ProblemCodes.Unavailable);
        var outage = await Assert.ThrowsAsync<ApiUnavailableException>(() => api.Client().GetMarketsAsync(default));
        Assert.Equal("node-1: no answer within 1.5 s; node-2: because of unavailable", outage.Message);
    }

    [Theory]
    [InlineData(HttpRequestError.ConnectionError, "cannot be reached")]
    [InlineData(HttpRequestError.NameResolutionError, "its name is unknown")]
    [InlineData(HttpRequestError.ResponseEnded, "hung up in the middle of its answer")]
    [InlineData(HttpRequestError.SecureConnectionError, "as the transport says it")]
    public async Task BrokenConnection_IsSaidInWords(HttpRequestError error, string words)
    {
        _api.Fail("node-1", () => new HttpRequestException(error, "as the transport says it"));
        var outage = await Assert.ThrowsAsync<ApiUnavailableException>(() => _client.GetMarketsAsync(default));
        Assert.Equal($"node-1: {words}", outage.Message);
    }

    [Fact]
    public async Task Action_WhoseAnswerWasLost_IsNotSentToAnotherNode()
    {
        var api = new ScriptedApi(nodes: 2);
        api.Fail("node-1", () => new HttpRequestException(HttpRequestError.ResponseEnded));
        api.Answer("", () => new TriggerResponse(9, false));
        await Assert.ThrowsAsync<ApiUnavailableException>(() =>
            api.Client().TriggerReconciliationAsync(new TriggerRequest("before"), default)
        );
        Assert.Single(api.Requests);
    }

    private async Task<(int, string, string)> RefusalOf(int market)
    {
        var refusal = await Assert.ThrowsAsync<ApiRefusedException>(() => _client.GetMarketAsync(market, default));
        return (refusal.Status, refusal.Code, refusal.Message);
    }
}
