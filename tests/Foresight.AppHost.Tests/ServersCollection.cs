using Xunit;

namespace Foresight.AppHost.Tests;

/// <summary>Tests that start servers, one after the other: side by side on a small machine they would measure each other.</summary>
[CollectionDefinition(Name)]
public sealed class ServersCollection
{
    public const string Name = "servers";
}
