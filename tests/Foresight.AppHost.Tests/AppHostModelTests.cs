using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Xunit;

namespace Foresight.AppHost.Tests;

[Trait("Category", "Parts")]
public sealed class AppHostModelTests
{
    [Fact]
    public async Task TheModel_HoldsTheResourcesTheDocumentsName_AndNoContainer()
    {
        await using var builder = await TestApplication.CreateStackAsync();
        var names = builder.Resources.Select(r => r.Name).ToList();
        foreach (
            var name in new[]
            {
                "admin-key",
                "cluster-secret",
                "postgres-password",
                "operator-key",
                "faucet-key",
                "redis",
                "postgres",
                "foresight",
                "postgres-replica",
                "chain",
                "setup",
                "matching",
                "api-1",
                "api-2",
                "console",
                "simulator",
            }
        )
            Assert.Contains(name, names);
        var matching = builder.Resources.Single(r => r.Name == "matching");
        Assert.Equal(3, matching.Annotations.OfType<ReplicaAnnotation>().Single().Replicas);
        // A container resource would block the start on a machine without a container engine.
        Assert.DoesNotContain(builder.Resources, r => r is ContainerResource);
    }

    [Fact]
    public async Task TheDrillsCommands_AreDeclared_AndTheCheckerRunsUnderDrillOnly()
    {
        await using (var plain = await TestApplication.CreateStackAsync())
        {
            var commands = plain.Resources.SelectMany(r => r.Annotations.OfType<ResourceCommandAnnotation>()).Select(c => c.Name);
            Assert.Superset(
                new HashSet<string>
                {
                    "kill-leader",
                    "pause-leader",
                    "partition-leader",
                    "partition-redis",
                    "partition-postgres",
                    "promote-replica",
                    "redis-down",
                    "redis-up",
                    "kill",
                },
                commands.ToHashSet()
            );
            Assert.DoesNotContain(plain.Resources, r => r.Name == "checker");
        }

        await using var drill = await TestApplication.CreateStackAsync("--drill");
        Assert.Contains(drill.Resources, r => r.Name == "checker");
    }

    [Fact]
    public async Task Replicas_GiveEveryServiceTheirAddressesAndWeights()
    {
        await using var builder = await TestApplication.CreateStackAsync("--replicas", "2", "--no-simulator");
        Assert.DoesNotContain(builder.Resources, r => r.Name == "simulator");
        Assert.Contains(builder.Resources, r => r.Name == "postgres-replica-2");
        var context = new EnvironmentCallbackContext(builder.ExecutionContext);
        foreach (var annotation in builder.Resources.Single(r => r.Name == "api-1").Annotations.OfType<EnvironmentCallbackAnnotation>())
            await annotation.Callback(context);
        Assert.Equal(
            ("1", "2"),
            (context.EnvironmentVariables["DATABASE_REPLICA_1_WEIGHT"], context.EnvironmentVariables["DATABASE_REPLICA_2_WEIGHT"])
        );
        Assert.Contains("DATABASE_REPLICA_2_URL", context.EnvironmentVariables);
    }

    [Fact]
    public Task AMistakeOnTheCommandLine_ReachesTheTest() =>
        Assert.ThrowsAnyAsync<Exception>(() => TestApplication.CreateStackAsync("--efemeral"));
}
