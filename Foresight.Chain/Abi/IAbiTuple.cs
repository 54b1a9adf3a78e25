namespace Foresight.Chain.Abi;

/// <summary>A message that contracts take as a tuple. A test compares it with the artifacts.</summary>
public interface IAbiTuple
{
    /// <summary>In the order of the tuple's components.</summary>
    IReadOnlyList<object?> Values { get; }
}
