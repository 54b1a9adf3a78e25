using System.Net;
using System.Net.Sockets;
using Foresight.Console.Api;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http;

namespace Foresight.Console.Tests.Api;

public sealed class ForesightApiClientTests
{
    private int _asked;

    [Fact]
    public async Task Question_ThatANodeCannotAnswer_GoesToTheNext_AndStaysThere()
    {
        await using var broken = await FakeApi.StartAsync(context => CountAsync(context, 503));
        await using var working = await FakeApi.StartAsync(context => context.Response.WriteAsJsonAsync(new Page<RunView>([], null)));
        var client = ClientOf(Unused(), broken.Address, working.Address);

        Assert.Empty((await client.GetRunsAsync(null, 50, CancellationToken.None)).Items);
        Assert.Empty((await client.GetRunsAsync(null, 50, CancellationToken.None)).Items);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task Outage_IsAnOutage_AndNamesEveryNode()
    {
        await using var broken = await FakeApi.StartAsync(context => CountAsync(context, 500));
        var gone = Unused();
        var outage = await Assert.ThrowsAsync<ApiUnavailableException>(() =>
            ClientOf(gone, broken.Address).GetRunsAsync(null, 50, CancellationToken.None)
        );
        Assert.Contains($"{gone.Authority}: cannot be reached", outage.Message, StringComparison.Ordinal);
        Assert.Contains(broken.Address.Authority, outage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusal_KeepsItsCode()
    {
        await using var api = await FakeApi.StartAsync(context => FakeApi.ProblemAsync(context, 404, ProblemCodes.NotFound));
        var refusal = await Assert.ThrowsAsync<ApiRefusedException>(() =>
            ClientOf(api.Address).GetDiscrepancyAsync(1, CancellationToken.None)
        );
        Assert.Equal((404, "not_found", "because of not_found"), (refusal.Status, refusal.Code, refusal.Message));
    }

    [Fact]
    public async Task KeyThatIsNotAccepted_IsSaidAtOnce()
    {
        await using var api = await FakeApi.StartAsync();
        await ClientOf(api.Address).VerifyKeyAsync(CancellationToken.None);
        await Assert.ThrowsAsync<KeyRefusedException>(() => ClientWith("another key", api.Address).VerifyKeyAsync(CancellationToken.None));
        await Assert.ThrowsAsync<KeyRefusedException>(() => ClientWith(null, api.Address).VerifyKeyAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Action_ThatMayHaveArrived_IsNotSentTwice()
    {
        await using var first = await FakeApi.StartAsync(context => CountAsync(context, 500));
        await using var second = await FakeApi.StartAsync(context => CountAsync(context, 500));
        await Assert.ThrowsAsync<ApiUnavailableException>(() =>
            ClientOf(first.Address, second.Address).ResolveAsync(1, new ResolveRequest("note", "resolve"), CancellationToken.None)
        );
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task Action_ThatNobodyCanHaveHeard_GoesToTheNextNode_WithTheOperatorsName()
    {
        var name = "";
        await using var api = await FakeApi.StartAsync(context =>
        {
            name = Uri.UnescapeDataString(context.Request.Headers[ApiHeaders.Operator].ToString());
            return context.Response.WriteAsJsonAsync(new TriggerResponse(7, AlreadyRunning: false));
        });
        Assert.Equal(
            7,
            (await ClientOf(Unused(), api.Address).TriggerReconciliationAsync(new TriggerRequest("before"), CancellationToken.None)).RunId
        );
        Assert.Equal("Ada Łovelace", name);
    }

    [Fact]
    public async Task AnswerThatIsNoList_IsAnOutage_NotAnEmptyList()
    {
        await using var api = await FakeApi.StartAsync(context => context.Response.WriteAsJsonAsync(new { items = (string?)null }));
        await Assert.ThrowsAsync<ApiUnavailableException>(() => ClientOf(api.Address).GetRunsAsync(null, 50, CancellationToken.None));
    }

    private static ForesightApiClient ClientOf(params Uri[] nodes) => ClientWith(FakeApi.Key, nodes);

    private static ForesightApiClient ClientWith(string? key, params Uri[] nodes)
    {
        var credential = new OperatorCredential();
        credential.Use("Ada Łovelace", () => key);
        return new ForesightApiClient(new Clients(), new ApiAddresses(nodes), credential);
    }

    private static Uri Unused()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    private Task CountAsync(HttpContext context, int status)
    {
        Interlocked.Increment(ref _asked);
        return FakeApi.ProblemAsync(context, status, ProblemCodes.Unavailable);
    }

    private sealed class Clients : IHttpClientFactory
    {
        public HttpClient CreateClient(string name) => new() { Timeout = ForesightApiClient.TryTimeout };
    }
}
