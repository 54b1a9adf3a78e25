namespace Foresight.Protocol;

/// <summary>Of <see cref="NodeRecord.Kind"/>. Each kind may ask something else of a leader.</summary>
public static class NodeKinds
{
    public const string Matching = "matching";

    public const string Api = "api";

    public static readonly IReadOnlyList<string> All = [Matching, Api];
}
