using System.Net;
using System.Net.Http.Headers;
using Foresight.Api.Tests.Stack;

namespace Foresight.Api.Tests.Trust;

/// <summary>What a browser of another site, or a caller with another spelling or address, gets past the gates.</summary>
[Collection(ApiStackCollection.Name)]
[Trait("Category", "Trust")]
public sealed class ForeignCallerTests(ApiStack stack)
{
    [Fact]
    public async Task ARouteBehindTheKey_AnswersNothingElseWithoutIt_AlsoForOtherSpellingsAndMethods()
    {
        foreach (var path in new[] { "/ADMIN/offenders", "/admin/offenders/", "/admin/./offenders", "/%61dmin/offenders" })
        foreach (var method in new[] { "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE" })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(stack.Http.BaseAddress!, path));
            using var answer = await stack.Http.SendAsync(request);
            Assert.Contains(
                answer.StatusCode,
                new[] { HttpStatusCode.Unauthorized, HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed }
            );
        }
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("http://localhost:5090")]
    public async Task AForeignOrigin_IsAllowedNothing_WithTheKeyOrBefore(string origin)
    {
        foreach (var path in new[] { "admin/overview", "reconciliation/runs", "cluster/nodes", "orders", "hubs/market/negotiate" })
        {
            using var simple = new HttpRequestMessage(HttpMethod.Get, path);
            simple.Headers.Add("Origin", origin);
            simple.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ApiStack.AdminKey);
            AssertAllowsNothing(await stack.Http.SendAsync(simple));
        }

        foreach (var path in new[] { "reconciliation/trigger", "admin/notices", "admin/offenders", "orders", "hubs/market/negotiate" })
        {
            using var preflight = new HttpRequestMessage(HttpMethod.Options, path);
            preflight.Headers.Add("Origin", origin);
            preflight.Headers.Add("Access-Control-Request-Method", "POST");
            preflight.Headers.Add("Access-Control-Request-Headers", "authorization, content-type");
            using var answer = await stack.Http.SendAsync(preflight);
            Assert.False(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode}");
            AssertAllowsNothing(answer);
        }

        static void AssertAllowsNothing(HttpResponseMessage answer) =>
            Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The hosting layer would take the header of any peer for the caller's address if its own switch were on.</summary>
    [Theory]
    [InlineData("ForwardedHeaders_Enabled=false")]
    [InlineData("ForwardedHeaders_Enabled=true")]
    public async Task ACallerThatNamesAnotherAddress_StaysInItsOwnPartition(string hosting)
    {
        const int Limit = 20;
        await using var api = await InProcessApi.StartAsync(stack, $"RATE_LIMIT_PER_MINUTE={Limit}", hosting);
        using var caller = LoopbackClient.Next(api.Address).Http;
        string[] headers = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Original-For", "Client-IP"];
        // A minute may end in between, and with it one count.
        var taken = 0;
        while (taken <= 2 * Limit)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "chain");
            foreach (var header in headers)
                request.Headers.TryAddWithoutValidation(header, header == "Forwarded" ? $"for=192.0.2.{taken}" : $"192.0.2.{taken}");
            using var answer = await caller.SendAsync(request);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                break;
            taken++;
        }

        Assert.InRange(taken, 1, 2 * Limit);
        using var neighbour = LoopbackClient.Next(api.Address).Http;
        Assert.NotEqual(HttpStatusCode.TooManyRequests, (await neighbour.GetAsync("chain")).StatusCode);
    }
}
