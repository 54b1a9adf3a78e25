using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using StackExchange.Redis;

namespace Foresight.Api.Tests.Operations;

[Collection(ApiStackCollection.Name)]
public sealed class ReadinessTests(ApiStack stack)
{
    [Fact]
    public async Task WithoutThePrimary_TheNodeIsAliveAndNotReady_AndTheReplicaServesReads()
    {
        Assert.Equal(200, await ProbeAsync("ready"));
        await stack.KillAsync("postgres");
        try
        {
            await Eventually.TrueAsync("it is not ready", TimeSpan.FromSeconds(15), async () => await ProbeAsync("ready") == 503);
            Assert.Equal(200, await ProbeAsync("alive"));
            Assert.Equal(200, await ProbeAsync("metrics"));
            Assert.Equal(200, (int)(await stack.Http.GetAsync("trades")).StatusCode);
            await BadRequestTests.RefusalAsync(await stack.Admin.GetAsync("reconciliation/status"), 503, "unavailable");
        }
        finally
        {
            await stack.StartServerAsync("postgres");
            stack.Primary.Clear();
        }

        await Eventually.TrueAsync("it is ready again", TimeSpan.FromSeconds(30), async () => await ProbeAsync("ready") == 200);
        Assert.Equal(200, (int)(await stack.Admin.GetAsync("reconciliation/status")).StatusCode);
    }

    /// <summary>
    /// Frozen is the worst kind of outage, because connections stay open: here for longer than a lease and the Redis client's own timeout.
    /// </summary>
    [Fact]
    public async Task WithRedisFrozen_ReadsAndProbesGoOn_AndHealthSaysWhatIsWrong()
    {
        using (new FrozenProcesses(await RedisProcessAsync()))
        {
            var since = DateTimeOffset.UtcNow;
            var isTold = false;
            await Eventually.TrueAsync(
                "eight seconds pass, and Redis is said to be away",
                Eventually.Patience,
                async () =>
                {
                    foreach (
                        var path in new[]
                        {
                            "alive",
                            "ready",
                            "health",
                            "markets",
                            "markets/1",
                            "markets/1/depth",
                            "markets/1/trades",
                            "trades",
                            "cluster/status",
                        }
                    )
                        Assert.Equal((path, 200), (path, await ProbeAsync(path)));
                    var redis = (await stack.Http.GetFromJsonAsync<JsonElement>("health")).GetProperty("checks").GetProperty("redis");
                    isTold |=
                        redis.GetProperty("status").GetString() == "degraded"
                        && (await stack.Http.GetFromJsonAsync<ClusterStatus>("cluster/status"))!.Redis!.State == SourceView.Down;
                    return isTold && DateTimeOffset.UtcNow - since > TimeSpan.FromSeconds(8);
                }
            );
        }

        await Eventually.TrueAsync(
            "Redis answers again",
            Eventually.Patience,
            async () => (await stack.Http.GetFromJsonAsync<JsonElement>("health")).GetProperty("status").GetString() == "healthy"
        );
    }

    private async Task<int> RedisProcessAsync()
    {
        using var redis = await ConnectionMultiplexer.ConnectAsync(stack.Redis);
        var info = (string)(await redis.GetDatabase().ExecuteAsync("INFO", "server"))!;
        return int.Parse(
            info.Split('\n').Single(line => line.StartsWith("process_id:", StringComparison.Ordinal))["process_id:".Length..].Trim()
        );
    }

    private async Task<int> ProbeAsync(string path)
    {
        using var response = await stack.Http.GetAsync(path);
        return (int)response.StatusCode;
    }
}
