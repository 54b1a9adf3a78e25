namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>The tests of a collection share one running stack, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class StackCollection : ICollectionFixture<StackFixture>
{
    public const string Name = "stack";
}
