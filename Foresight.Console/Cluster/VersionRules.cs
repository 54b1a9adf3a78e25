using Foresight.Protocol;

namespace Foresight.Console.Cluster;

public static class VersionRules
{
    /// <summary>The full commit of "1.0.0+9f3c2e1d…" would widen every table; its first letters differ between two builds.</summary>
    public static string ShortOf(string version) =>
        version.IndexOf('+', StringComparison.Ordinal) is var plus and > 0 ? version[..Math.Min(version.Length, plus + 8)] : version;

    /// <summary>The version of most nodes, of as many the later one; null without nodes.</summary>
    public static string? UsualOf(IEnumerable<NodeRecord> nodes) => Counted(nodes).Select(version => version.Version).FirstOrDefault();

    /// <summary>The most frequent first.</summary>
    public static IReadOnlyList<(string Version, IReadOnlyList<string> Nodes)> Counted(IEnumerable<NodeRecord> nodes) =>
        [
            .. nodes
                .GroupBy(node => ShortOf(node.Version), node => node.NodeId)
                .OrderByDescending(version => version.Count())
                .ThenByDescending(version => version.Key, StringComparer.Ordinal)
                .Select(version => (version.Key, (IReadOnlyList<string>)[.. version.Order(StringComparer.Ordinal)])),
        ];
}
