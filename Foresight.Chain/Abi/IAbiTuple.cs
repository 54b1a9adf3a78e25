namespace Foresight.Chain.Abi;

/// <summary>
/// A test compares the order of the values with the compiled ABI, because values in a wrong order may encode without an error.
/// </summary>
public interface IAbiTuple
{
    IReadOnlyList<object?> Values { get; }
}
