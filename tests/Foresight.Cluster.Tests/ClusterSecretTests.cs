using Foresight.Cluster;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Cluster.Tests;

public sealed class ClusterSecretTests
{
    private static readonly ClusterSecret Secret = ClusterSecret.From(Configured.By("CLUSTER_SECRET=a secret of these tests"));

    [Theory]
    [InlineData("a secret of these tests", true)]
    [InlineData("a secret of these test", false)]
    [InlineData("a secret of these tests ", false)]
    [InlineData("A secret of these tests", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void OnlyTheWholeSecret_Matches(string? presented, bool matches) => Assert.Equal(matches, Secret.Matches(presented));

    [Fact]
    public void ThereIsNoDefault()
    {
        var error = Assert.Throws<SettingException>(() => ClusterSecret.From(Configured.By()));
        Assert.StartsWith("CLUSTER_SECRET is not set", error.Message, StringComparison.Ordinal);
    }
}
