using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>A stack with a vault, whose delay is longer than a test.</summary>
public sealed class FirmFixture : StackFixture
{
    protected override void Arrange(IDistributedApplicationTestingBuilder builder) =>
        builder
            .CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(one => one.Name == "setup"))
            .WithEnvironment("FIRM_MONEY", "true")
            .WithEnvironment("VAULT_DELAY_SECONDS", "3600")
            .WithEnvironment("VAULT_DELAY_BLOCKS", "60");
}

[CollectionDefinition(Name)]
public sealed class FirmCollection : ICollectionFixture<FirmFixture>
{
    public const string Name = "firm money";
}
