using System.Net;
using System.Security.Claims;
using System.Threading.RateLimiting;
using Foresight.Api.MarketData;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Foresight.Api.Tests.MarketData;

/// <summary>With the limiter of the test: what a caller's requests are limited by is tested with the requests.</summary>
[Trait("Category", "Trust")]
public sealed class HubCallLimitTests
{
    [Fact]
    public async Task CallsOfAllConnectionsOfACaller_CountAsItsRequests()
    {
        var limit = new HubCallLimit(
            Options.Create(
                new RateLimiterOptions
                {
                    GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http =>
                        RateLimitPartition.GetFixedWindowLimiter(
                            http.Connection.RemoteIpAddress!.ToString(),
                            _ => new FixedWindowRateLimiterOptions { PermitLimit = 1, Window = TimeSpan.FromDays(1) }
                        )
                    ),
                }
            )
        );
        Assert.Equal(6, await limit.InvokeMethodAsync(CallFrom("198.51.100.1"), _ => new ValueTask<object?>(6)));
        var refusal = await Assert.ThrowsAsync<HubException>(async () =>
            await limit.InvokeMethodAsync(CallFrom("198.51.100.1"), _ => throw new InvalidOperationException("was called"))
        );
        Assert.StartsWith("rate_limited:", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(7, await limit.InvokeMethodAsync(CallFrom("198.51.100.2"), _ => new ValueTask<object?>(7)));
    }

    private static HubInvocationContext CallFrom(string address) =>
        new(
            new CallerOfTest(address),
            new ServiceCollection().BuildServiceProvider(),
            new HubOfTest(),
            typeof(HubOfTest).GetMethod(nameof(HubOfTest.Call))!,
            []
        );

    private sealed class HubOfTest : Hub
    {
        public void Call() { }
    }

    private sealed class CallerOfTest : HubCallerContext, IHttpContextFeature
    {
        public CallerOfTest(string address)
        {
            HttpContext = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
            Features.Set<IHttpContextFeature>(this);
        }

        public HttpContext? HttpContext { get; set; }

        public override string ConnectionId => "one";

        public override string? UserIdentifier => null;

        public override ClaimsPrincipal? User => null;

        public override IDictionary<object, object?> Items { get; } = new Dictionary<object, object?>();

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override CancellationToken ConnectionAborted => CancellationToken.None;

        public override void Abort() { }
    }
}
