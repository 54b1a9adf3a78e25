using Foresight.AppHost.LocalHosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Foresight.AppHost.Tests.LocalHosting.Running;

public sealed class HealthWatchTests
{
    [Fact]
    public async Task OneGoodAnswer_IsHealthy_AndOnlyThreeBadOnesInARowAreNot()
    {
        var answers = new Queue<string?>(["no", null, "no", "no", null, "no", "no", "no", "no", null]);
        var watch = new HealthWatch(_ => Task.FromResult(answers.Dequeue()));
        var seen = new List<HealthStatus?>();
        while (answers.Count > 0)
            seen.Add((await watch.StepAsync(CancellationToken.None))?.Status);
        HealthStatus? none = null;
        Assert.Equal(
            [HealthStatus.Unhealthy, HealthStatus.Healthy, none, none, none, none, none, HealthStatus.Unhealthy, none,
                HealthStatus.Healthy],
            seen);
    }

    [Fact]
    public async Task AProbeThatThrows_IsABadAnswerWithItsMessage()
    {
        var watch = new HealthWatch(_ => throw new IOException("cable out"));
        Assert.Equal((HealthStatus.Unhealthy, "cable out"), await watch.StepAsync(CancellationToken.None));
    }
}
