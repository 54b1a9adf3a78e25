using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Foresight.Api.Access;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using Microsoft.AspNetCore.Routing;

namespace Foresight.Api.Tests.Trust;

/// <summary>
/// What is open to everybody is written down here, so that a new route is either behind the admin key or added on purpose.
/// </summary>
[Collection(ApiStackCollection.Name)]
[Trait("Category", "Trust")]
public sealed partial class EveryRouteTests(ApiStack stack)
{
    private const string AnyMethod = "ANY";

    private static readonly string[] Public =
    [
        "GET /accounts/{address}",
        "GET /alive",
        "GET /chain",
        "GET /chain/solvency",
        "GET /cluster/leader",
        "GET /cluster/nodes",
        "GET /cluster/status",
        "GET /health",
        "GET /markets",
        "GET /markets/{id:int}",
        "GET /markets/{id:int}/depth",
        "GET /markets/{id:int}/trades",
        "GET /openapi/{documentName}.json",
        "GET /orders",
        "GET /orders/{hash}",
        "GET /ready",
        "GET /trades",
        "GET /trades/{id:long}",
        "GET /withdrawals/{address}",
        "GET /withdrawals/{address}/{nonce}",
        "POST /orders",
        "POST /orders/cancel",
        "POST /withdrawals",
        // These take any method. The hub has market data, and what an account may follow after a proof that it is its owner's.
        $"{AnyMethod} /metrics",
        $"{AnyMethod} /hubs/market",
        $"{AnyMethod} /hubs/market/negotiate",
    ];

    [Fact]
    public async Task ARouteIsOnTheListOfPublicOnes_OrAnswers401WithoutARightKey()
    {
        await using var api = await InProcessApi.StartAsync(stack);
        var routes = api.Routes.SelectMany(MethodsOf).Distinct().Order(StringComparer.Ordinal).ToList();
        Assert.Superset(new HashSet<string>(await DescribedAsync()), routes.Select(WithoutConstraints).ToHashSet());
        Assert.Empty(Public.Except(routes));

        var (wrong, wrongKeys) = (new List<string>(), 0);
        var stranger = LoopbackClient.Next(api.Address).Http;
        foreach (var route in routes)
        {
            var isPublic = Public.Contains(route);
            foreach (var key in new[] { null, "Bearer a-wrong-key-of-this-test", $"Basic {ApiStack.AdminKey}" })
            {
                // Only so many wrong keys of one address are looked at in a minute.
                if (key is not null && ++wrongKeys % (RefusedKeys.MaxPerMinute - 1) == 0)
                {
                    stranger.Dispose();
                    stranger = LoopbackClient.Next(api.Address).Http;
                }

                using var answer = await SendAsync(stranger, route, key);
                if (isPublic == (answer.StatusCode == HttpStatusCode.Unauthorized))
                    wrong.Add($"{route}, {(isPublic ? "public" : "not on the list")}: {(int)answer.StatusCode} to {key ?? "no key"}");
            }
        }

        stranger.Dispose();
        Assert.Empty(wrong);
    }

    private async Task<IEnumerable<string>> DescribedAsync()
    {
        var document = JsonDocument.Parse(await stack.Http.GetStringAsync("openapi/v1.json")).RootElement;
        return
        [
            .. document
                .GetProperty("paths")
                .EnumerateObject()
                .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}")),
        ];
    }

    private static IEnumerable<string> MethodsOf(RouteEndpoint route)
    {
        var path = "/" + (route.RoutePattern.RawText ?? "").Trim('/');
        var methods = route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
        return (methods.Count == 0 ? [AnyMethod] : methods).Where(method => method != "OPTIONS").Select(method => $"{method} {path}");
    }

    private static string WithoutConstraints(string route) => Constraint().Replace(route, "}");

    private static Task<HttpResponseMessage> SendAsync(HttpClient http, string route, string? key)
    {
        var (method, pattern) = (route.Split(' ')[0], route.Split(' ')[1]);
        var path = Parameter()
            .Replace(
                pattern,
                match =>
                    match.Value.Contains(':', StringComparison.Ordinal) ? "1"
                    : match.Value is "{address}" ? Signed.Maker.Address.ToString()
                    : match.Value is "{hash}" ? "0x" + new string('1', 64)
                    : "v1"
            );
        var request = new HttpRequestMessage(method == AnyMethod ? HttpMethod.Get : new HttpMethod(method), path.TrimStart('/'));
        // Not JSON, so that a route that should not have been reached does nothing.
        if (method is "POST" or "PUT")
            request.Content = new StringContent("{\"bad\":1", Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Authorization", key);
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@":[a-z]+\}")]
    private static partial Regex Constraint();
}
