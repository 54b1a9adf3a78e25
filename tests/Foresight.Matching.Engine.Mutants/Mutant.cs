namespace Foresight.Matching.Engine.Mutants;

/// <summary>The original text must occur exactly once in the file, so that the place of the defect is unambiguous.</summary>
/// <param name="Tests">Beginnings of the names, of class or class and method, that must notice; none: all tests of the subject.</param>
internal sealed record Mutant(string Name, string File, string Original, string Replacement, IReadOnlyList<string> Tests)
{
    public static Mutant None { get; } = new("none", "", "", "", []);

    /// <summary>
    /// Blocks of lines: <c>## name</c>, <c>@ file</c>, tests after <c>! </c> (may be missing), original lines after <c>- </c>,
    /// replacement lines after <c>+ </c> (none: the original is removed).
    /// </summary>
    public static IReadOnlyList<Mutant> ReadAll(string path)
    {
        List<Mutant> mutants = [];
        foreach (var block in System.IO.File.ReadAllText(path).Split("\n## ")[1..])
        {
            var lines = block.Split('\n');
            string Lines(string prefix) =>
                string.Join(
                    '\n',
                    lines.Where(line => line.StartsWith(prefix, StringComparison.Ordinal)).Select(line => line[prefix.Length..])
                );
            string[] tests = Lines("! ").Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            mutants.Add(new Mutant(lines[0].Trim(), Lines("@ ").Trim(), Lines("- "), Lines("+ "), tests));
        }

        if (mutants.Select(mutant => mutant.Name).Distinct().Count() != mutants.Count)
            throw new FormatException("two mutants have one name");
        return mutants;
    }

    public string Apply(string text)
    {
        var first = text.IndexOf(Original, StringComparison.Ordinal);
        if (Original.Length == 0 || first < 0 || text.IndexOf(Original, first + 1, StringComparison.Ordinal) >= 0)
            throw new FormatException($"{Name}: the original must occur exactly once in {File}: {Original}");
        return text.Replace(Original, Replacement, StringComparison.Ordinal);
    }
}

internal sealed record Verdict(Fate Fate, string By);

/// <summary>Only a failed test or a crash of the test process kills, because any other failure may be the machine's.</summary>
internal enum Fate
{
    Survived,
    Killed,
    Unclear,
}
