using Xunit;

namespace Foresight.AppHost.Tests;

/// <summary>One after the other, because on a small machine tests that start servers slow each other down.</summary>
[CollectionDefinition(Name)]
public sealed class ServersCollection
{
    public const string Name = "servers";
}
