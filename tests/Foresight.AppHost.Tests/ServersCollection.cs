using Xunit;

namespace Foresight.AppHost.Tests;

/// <summary>Tests that start servers run one after the other, because on a small machine they would slow each other down.</summary>
[CollectionDefinition(Name)]
public sealed class ServersCollection
{
    public const string Name = "servers";
}
