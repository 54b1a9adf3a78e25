using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Foresight.Api.Access;
using Foresight.Api.Tests.Stack;
using Foresight.ServiceDefaults.Redis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foresight.Api.Tests.Trust;

[Trait("Category", "Trust")]
public sealed class SharedLimitTests
{
    private const int Limit = 40;

    private readonly StoppedClock _clock = new();
    private readonly LogOfTest _log = new();

    [Fact]
    public async Task TwoNodes_TakeOneLimitTogether_AsRoleApi_AndACancelPassesWhileLimited()
    {
        await using var stores = await TestStores.StartAsync();
        using var first = new RedisClient(stores.RedisForApi, RedisSettings.DefaultKeyPrefix);
        using var second = new RedisClient(stores.RedisForApi, RedisSettings.DefaultKeyPrefix);
        await using var a = await StartAsync(Counter(first));
        await using var b = await StartAsync(Counter(second));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var taken = 0;
        for (var i = 0; i < Limit; i++)
            foreach (var node in new[] { a, b })
                taken += (await http.GetAsync(node.Urls.Single() + "/open")).StatusCode == HttpStatusCode.OK ? 1 : 0;

        Assert.Equal(Limit, taken);
        foreach (var node in new[] { a, b })
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, (await http.GetAsync(node.Urls.Single() + "/open")).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await http.PostAsync(node.Urls.Single() + "/cancel", null)).StatusCode);
        }

        var key = $"requests:{Minutes.Of(_clock.Now).ToString(CultureInfo.InvariantCulture)}:127.0.0.1";
        Assert.InRange((await first.Database.KeyTimeToLiveAsync(key))!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task WithoutRedis_ANodeGrantsItsShare()
    {
        using var nowhere = new RedisClient("127.0.0.1:1,password=x", RedisSettings.DefaultKeyPrefix);
        await using var limiter = new SharedLimiter("a", Limit, new RedisRequestCounter(nowhere.Database, () => 2, _clock, _log), _clock);
        Assert.Equal(Limit / 2, await TakenAsync(limiter));
    }

    [Fact]
    public async Task WithoutAnAnswer_WhatWasTakenBeforeCountsTowardsTheShare_AndTheNextMinuteAsksAgain()
    {
        var counter = new CounterOfTest { Nodes = 2 };
        await using var limiter = new SharedLimiter("a", Limit, counter, _clock);
        for (var i = 0; i < 10; i++)
            Assert.True((await limiter.AcquireAsync()).IsAcquired);
        counter.Answers = false;
        Assert.Equal((Limit / 2) - 10, await TakenAsync(limiter));

        counter.Answers = true;
        _clock.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(Limit, await TakenAsync(limiter));
    }

    /// <summary>Silence would hide that callers are limited by each node alone.</summary>
    [Fact]
    public async Task WhatRedisDoesNotCount_IsReportedOnceAMinute_WithHowManyThereWere()
    {
        using var nowhere = new RedisClient("127.0.0.1:1,password=x", RedisSettings.DefaultKeyPrefix);
        var away = new RedisRequestCounter(nowhere.Database, () => 1, _clock, _log);
        Assert.Null(await away.AddAsync("a", 1, 1));
        Assert.Contains("limits all callers by its own share", Assert.Single(_log.Lines), StringComparison.Ordinal);

        await using var stores = await TestStores.StartAsync();
        using var redis = new RedisClient(stores.RedisForApi, RedisSettings.DefaultKeyPrefix);
        var counter = Counter(redis);
        await redis.Database.StringSetAsync("requests:1:forged", "no number");
        for (var i = 0; i < 3; i++)
            Assert.Null(await counter.AddAsync("forged", 1, 1));
        Assert.Equal(1, await counter.AddAsync("a", 1, 1));
        Assert.Equal(2, _log.Lines.Count);
        Assert.Contains("refused to count", _log.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheHotPath_AsksTheCounterTwentyTimesAMinute_AndNotAtAllOnceItIsUsedUp()
    {
        var counter = new CounterOfTest();
        await using var limiter = new SharedLimiter("a", 2_000, counter, _clock);
        for (var i = 0; i < 2_000; i++)
            Assert.True(limiter.AttemptAcquire().IsAcquired || (await limiter.AcquireAsync()).IsAcquired);
        for (var i = 0; i < 100; i++)
        {
            using var refused = await limiter.AcquireAsync();
            Assert.False(refused.IsAcquired);
            Assert.True(refused.TryGetMetadata(MetadataName.RetryAfter, out var wait));
            Assert.Equal(TimeSpan.FromSeconds(40), wait);
        }

        Assert.InRange(counter.Asked, SharedLimiter.Parts, SharedLimiter.Parts + 1);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::ffff:10.1.2.3", "10.1.2.3")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    public void ACaller_IsAnAddress_OrItsIPv6Network(string address, string caller) =>
        Assert.Equal(caller, CallerAddress.Of(IPAddress.Parse(address)));

    private RedisRequestCounter Counter(RedisClient client) => new(client.Database, () => 2, _clock, _log);

    private static async Task<int> TakenAsync(SharedLimiter limiter)
    {
        var taken = 0;
        while ((await limiter.AcquireAsync()).IsAcquired)
            taken++;
        return taken;
    }

    private async Task<WebApplication> StartAsync(RedisRequestCounter counter)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddConfiguration(Configured.By("ADMIN_KEY=an-admin-key-of-this-test", $"RATE_LIMIT_PER_MINUTE={Limit}"));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.Services.AddSingleton<IRequestCounter>(counter);
        builder.AddProblems();
        builder.AddAccess();
        var app = builder.Build();
        app.UseRouting();
        app.UseRateLimiter();
        app.MapGet("/open", () => "open");
        app.MapPost("/cancel", () => "cancelled").HasLimitOfCancels();
        await app.StartAsync();
        return app;
    }
}
