namespace Foresight.Chain.Abi;

/// <summary>A message that contracts take as a tuple. A test compares the order of its values with the compiled ABI.</summary>
public interface IAbiTuple
{
    /// <summary>Values in the order of the tuple's components.</summary>
    IReadOnlyList<object?> Values { get; }
}
