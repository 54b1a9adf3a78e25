using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost.LocalHosting;
using Xunit;

namespace Foresight.AppHost.Tests.LocalHosting.Running;

public sealed class DependenciesTests
{
    [Fact]
    public void StartOrder_PutsWhatIsWaitedForFirst()
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        var late = builder.AddExecutable("late", "true", "/");
        var database = builder.AddPostgres("postgres").AddDatabase("foresight");
        var middle = builder.AddExecutable("middle", "true", "/").WaitFor(database);
        late.WaitForCompletion(middle);
        var order = Dependencies.InStartOrder(builder.Resources).Select(r => r.Name);
        Assert.Equal(["postgres", "foresight", "middle", "late"], order);
    }

    [Fact]
    public async Task ACircle_IsRefusedByName()
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        var a = builder.AddExecutable("a", "true", "/");
        var b = builder.AddExecutable("b", "true", "/").WaitFor(a);
        a.WaitFor(b);
        var mistake = await Assert.ThrowsAsync<DistributedApplicationException>(() => builder.BuildAsync());
        Assert.Equal("These resources wait for each other: a -> b -> a.", mistake.Message);
    }

    [Fact]
    public void TwoResourcesOfOneName_AreRefused()
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddExecutable("a", "true", "/");
        Assert.Throws<DistributedApplicationException>(() => builder.AddExecutable("A", "true", "/"));
    }
}
