using System.Net;
using System.Net.Http.Headers;
using Foresight.Client;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed class SecrecyTests(StackFixture stack)
{
    public static TheoryData<string, string> OperationsRoutes =>
        new()
        {
            { "GET", "admin/overview" },
            { "GET", "database/status" },
            { "GET", "reconciliation/status" },
            { "GET", "reconciliation/runs" },
            { "GET", "reconciliation/coverage" },
            { "GET", "reconciliation/discrepancies" },
            { "GET", "reconciliation/discrepancies/1" },
            { "POST", "reconciliation/trigger" },
            { "POST", "reconciliation/resolve/1" },
        };

    [Theory]
    [MemberData(nameof(OperationsRoutes))]
    public async Task OperationsRoute_WithoutTheAdminKey_IsRefused(string method, string route)
    {
        using var http = LoopbackClient.Next().Http;
        foreach (var credential in new string?[] { null, "", "wrong", stack.AdminKey + "x", stack.AdminKey[..^1] })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(new Uri(stack.ApiUrl(2)), route));
            if (credential is not null)
                request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {credential}");
            using var response = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }

    [Theory]
    [InlineData("admin/overview")]
    [InlineData("database/status")]
    [InlineData("reconciliation/status")]
    public async Task OperationsRoute_WithTheAdminKey_Answers(string route)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(stack.ApiUrl(1)), route));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", stack.AdminKey);
        using var response = await stack.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task GatewayOfAMatchingNode_WithoutTheClusterSecret_IsClosed()
    {
        var leader = await stack.LeaderAsync();
        foreach (var route in new[] { "gateway/status", "gateway/state" })
        {
            foreach (var secret in new[] { null, "", "wrong", stack.ClusterSecret[..^1] })
            {
                using var client = secret is null ? ProvenHttp.OfNobody() : ProvenHttp.Of(secret);
                await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(new Uri(leader.Address), route)));
            }
        }
    }

    [Fact]
    public async Task PublicViewOfTheCluster_NamesNoInternalAddress()
    {
        var leader = await stack.LeaderAsync();
        foreach (var route in new[] { "cluster/status", "cluster/leader", "cluster/nodes" })
        {
            var text = await stack.Http.GetStringAsync(new Uri(new Uri(stack.ApiUrl(1)), route));
            Assert.DoesNotContain(new Uri(leader.Address).Authority, text, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Signature_NeverAppearsInABroadcastOrARead()
    {
        await stack.WaitUntilTradingAsync();
        var market = stack.Markets[2];
        await using var client = NodeScript.Start(
            NodeScript.InScripts("market-client.mjs"),
            new Dictionary<string, string>
            {
                ["NPM_FOLDER"] = stack.Npm.Folder,
                ["API_URL"] = stack.ApiUrl(2),
                ["MARKET"] = market.Id.ToString(),
                ["TOPICS"] = "depth,trades,stats",
            }
        );
        await client.WaitForAsync("the subscription", TimeSpan.FromSeconds(20), line => NodeScript.IsKind(line, "ready"));

        var price = new Price(market.TickSize * 3);
        var resting = await PlaceAsync(stack.Traders[0], market, Side.Buy, price);
        var taking = await PlaceAsync(stack.Traders[1], market, Side.Sell, price);
        await client.WaitForAsync("the trade", TimeSpan.FromSeconds(20), line => NodeScript.IsKind(line, "trades"));

        var seen = client.Lines.Select(line => line.ToString()).ToList();
        foreach (
            var route in new[]
            {
                $"orders/{resting.OrderId}",
                $"orders/{taking.OrderId}",
                $"orders?maker={stack.Traders[0].Address}&limit=10",
                "trades?limit=10",
                $"markets/{market.Id}/trades",
                $"markets/{market.Id}/depth",
                $"markets/{market.Id}",
                "markets",
                $"accounts/{stack.Traders[0].Address}",
            }
        )
            seen.Add(await stack.Http.GetStringAsync(new Uri(new Uri(stack.ApiUrl(1)), route)));

        foreach (var text in seen)
        {
            Assert.DoesNotContain("\"signature\"", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(resting.Request.Signature[2..], text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(taking.Request.Signature[2..], text, StringComparison.OrdinalIgnoreCase);
        }
    }

    private async Task<SignedPlacement> PlaceAsync(Trader trader, TradedMarket market, Side side, Price price)
    {
        var placement = stack.Signer.Sign(trader, new OrderIntent(market, 0, side, price, new Quantity(200)));
        Assert.IsType<PlaceOutcome.Acknowledged>(await stack.Api.PlaceAsync(placement, CancellationToken.None));
        return placement;
    }
}
