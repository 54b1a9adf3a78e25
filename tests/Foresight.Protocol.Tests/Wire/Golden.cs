namespace Foresight.Protocol.Tests.Wire;

/// <summary>
/// Nodes of the versions before and after must understand these texts, so a change of one is a change of the protocol: a member may be
/// added, but none removed or renamed.
/// </summary>
internal static class Golden
{
    public static IReadOnlyList<string> Lines(string name) => File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Wire", name));

    /// <summary>Line by line, so that a failure names the record.</summary>
    public static void Check(string name, IEnumerable<string> actual)
    {
        var expected = Lines(name);
        var found = actual.ToList();
        for (var i = 0; i < Math.Min(expected.Count, found.Count); i++)
            Assert.Equal(expected[i], found[i]);
        Assert.Equal(expected, found);
    }
}
