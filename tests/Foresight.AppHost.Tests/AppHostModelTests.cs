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
    public async Task TheDrillsCommands_AreDeclared_AndTheCheckerRunsUnderDrillOnly()
    {
        await using (var plain = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Foresight_AppHost>([]))
        {
            var phrases = plain.Resources.SelectMany(r => r.Annotations.OfType<ResourceCommandAnnotation>()).Select(c => c.DisplayName);
            Assert.Equal(
                [
                    "kill leader", "partition leader", "partition leader from postgres", "partition leader from redis", "pause leader",
                    "promote replica",
                    "redis down", "redis up",
                ],
                phrases.Order(StringComparer.Ordinal));
            Assert.DoesNotContain(plain.Resources, r => r.Name == "checker");
        }

        await using var drill = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Foresight_AppHost>(["--drill"]);
        Assert.Contains(drill.Resources, r => r.Name == "checker");
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
