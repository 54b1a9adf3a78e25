using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;

namespace Foresight.Api.Tests.Operations;

[Collection(ApiStackCollection.Name)]
public sealed class ReadinessTests(ApiStack stack)
{
    [Fact]
    public async Task WithoutThePrimary_TheNodeIsAliveAndNotReady_AndTheReplicaServesReads()
    {
        Assert.Equal(200, await ProbeAsync("ready"));
        await stack.RunAsync("postgres", "kill");
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
            await stack.RunAsync("postgres", "start");
            await stack.HealthyAsync("postgres", "foresight");
            stack.Primary.Clear();
        }

        await Eventually.TrueAsync("it is ready again", TimeSpan.FromSeconds(30), async () => await ProbeAsync("ready") == 200);
        Assert.Equal(200, (int)(await stack.Admin.GetAsync("reconciliation/status")).StatusCode);
    }

    private async Task<int> ProbeAsync(string path)
    {
        using var response = await stack.Http.GetAsync(path);
        return (int)response.StatusCode;
    }
}
