using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Xunit;

namespace Foresight.AppHost.Tests;

public sealed class AppHostModelTests
{
    [Fact]
    public async Task TheModel_HoldsTheResourcesTheDocumentsName()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Foresight_AppHost>([]);
        var names = builder.Resources.Select(r => r.Name).ToList();
        foreach (var name in new[]
        {
            "admin-key", "cluster-secret", "postgres-password", "operator-key", "redis", "postgres", "foresight", "postgres-replica",
            "chain", "setup", "matching", "api-1", "api-2", "console", "simulator",
        })
            Assert.Contains(name, names);
        var matching = builder.Resources.Single(r => r.Name == "matching");
        Assert.Equal(3, matching.Annotations.OfType<ReplicaAnnotation>().Single().Replicas);
    }

    [Fact]
    public async Task NoSimulator_LeavesTheSimulatorOut()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Foresight_AppHost>(["--no-simulator"]);
        Assert.DoesNotContain(builder.Resources, r => r.Name == "simulator");
    }

    [Fact]
    public async Task AMistakeOnTheCommandLine_ReachesTheTest()
    {
        await Assert.ThrowsAnyAsync<Exception>(
            () => DistributedApplicationTestingBuilder.CreateAsync<Projects.Foresight_AppHost>(["--efemeral"]));
    }
}
