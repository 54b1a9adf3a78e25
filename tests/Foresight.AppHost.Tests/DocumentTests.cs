using System.Text.RegularExpressions;
using Xunit;

namespace Foresight.AppHost.Tests;

public sealed partial class DocumentTests
{
    // Not read by our code but by .NET, OpenTelemetry, package managers, or the shell that runs a document's command.
    private static readonly string[] NotOurs =
    [
        "OLD_DATA",
        "XDG_STATE_HOME",
        "XDG_CACHE_HOME",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
    ];

    private static readonly string[] Services =
    [
        "Foresight.Api",
        "Foresight.Cluster",
        "Foresight.Console",
        "Foresight.Matching",
        "Foresight.ServiceDefaults",
        "Foresight.Simulator",
    ];

    private static readonly string[] Documents = Files("", "*.md").Where(file => !file.Contains("/decisions/")).ToArray();

    [Fact]
    public void EverySettingThatAServiceReads_IsInADocument()
    {
        var read = Services.SelectMany(project => Files(project, "*.cs")).SelectMany(file => SettingsIn(file, QuotedName())).Distinct();
        var documented = Documents.SelectMany(file => SettingsIn(file, Name())).ToHashSet();
        Assert.Empty(read.Except(documented).Except(["OTEL_SERVICE_NAME"]));
    }

    [Fact]
    public void EverySettingInADocument_IsInTheCode()
    {
        var known = new[] { "*.cs", "*.sh", "*.mjs", "*.csproj", "*.sol" }
            .SelectMany(pattern => Files("", pattern))
            .SelectMany(file => SettingsIn(file, Name()))
            .ToHashSet();
        Assert.Empty(Documents.SelectMany(file => SettingsIn(file, Name())).Distinct().Except(known).Except(NotOurs));
    }

    [Fact]
    public void EveryMetricInADocument_Exists()
    {
        var known = Files("Foresight.ServiceDefaults", "MetricNames.cs").SelectMany(file => MetricsIn(file)).ToHashSet();
        Assert.Empty(Documents.SelectMany(MetricsIn).Distinct().Except(known));
    }

    /// <summary>Operators search the log for these texts. A document has "…" for a message's value, because the value varies.</summary>
    [Fact]
    public void EveryMessageQuotedForOperators_IsInTheCode()
    {
        var text = Fence().Replace(File.ReadAllText(Path.Combine(Repository.Root, "docs/operations.md")), "");
        var quoted = Quoted().Matches(text).Select(match => match.Groups[1].Value.ReplaceLineEndings(" ")).ToList();
        Assert.NotEmpty(quoted);
        var code = string.Concat(
            Services.SelectMany(project => Files(project, "*.cs")).Select(file => SplitText().Replace(File.ReadAllText(file), ""))
        );
        Assert.All(
            quoted.SelectMany(message => message.Split('…', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)),
            part => Assert.Contains(part, code, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void EveryLinkOfADocument_LeadsToAFile()
    {
        var broken = Files("", "*.md")
            .SelectMany(file =>
                Link()
                    .Matches(File.ReadAllText(file))
                    .Select(match => match.Groups[1].Value)
                    .Where(to => !to.Contains("://") && !Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, to)))
                    .Select(to => $"{file}: {to}")
            );
        Assert.Empty(broken);
    }

    [Fact]
    public void EveryVerbOfTheBench_IsInTheMapOfTheCode()
    {
        var map = File.ReadAllText(Path.Combine(Repository.Root, "ARCHITECTURE.md"));
        var verbs = Verb().Matches(File.ReadAllText(Path.Combine(Repository.Root, "bench/Foresight.Bench/Program.cs")));
        Assert.NotEmpty(verbs);
        Assert.All(verbs, verb => Assert.Contains($"`{verb.Groups[1].Value}`", map));
    }

    [Fact]
    public void EveryProject_IsInTheMapOfTheCode()
    {
        var map = File.ReadAllText(Path.Combine(Repository.Root, "ARCHITECTURE.md"));
        // One entry covers all test projects, except those with a purpose of their own.
        var projects = Files("", "*.csproj")
            .Select(Path.GetFileNameWithoutExtension)
            .Where(name => !name!.EndsWith(".Tests") || name is "Foresight.EndToEnd.Tests");
        Assert.All(projects, name => Assert.Contains($"{name}`", map));
    }

    /// <summary>
    /// A stranger finds the stages of an order by the table, so its folders must have files, one of them named after each main type.
    /// </summary>
    [Fact]
    public void EveryStageOfAnOrder_IsInTheFolderThatTheMapNames()
    {
        var map = File.ReadAllText(Path.Combine(Repository.Root, "ARCHITECTURE.md"));
        var stages = Stage().Matches(map);
        Assert.Equal(9, stages.Count);
        foreach (Match stage in stages)
        {
            var folders = Code().Matches(stage.Groups[1].Value).Select(folder => folder.Groups[1].Value).ToList();
            var files = folders.ToDictionary(
                folder => folder,
                folder => Files(folder, "*.cs").Select(Path.GetFileNameWithoutExtension).ToList()
            );
            Assert.All(files, folder => Assert.NotEmpty(folder.Value));
            var types = Code().Matches(stage.Groups[2].Value).Select(type => type.Groups[1].Value).ToList();
            Assert.NotEmpty(types);
            Assert.All(types, type => Assert.Contains(type, files.SelectMany(folder => folder.Value)));
        }
    }

    [Fact]
    public void EveryProjectOfTheProduct_HasAReadmeOfAScreen()
    {
        var projects = Directory
            .EnumerateDirectories(Repository.Root, "Foresight.*")
            .Where(folder => Directory.EnumerateFiles(folder, "*.csproj").Any());
        Assert.All(projects, project => Assert.InRange(File.ReadLines(Path.Combine(project, "README.md")).Count(), 10, 60));
    }

    [Fact]
    public void EveryDecision_IsInTheIndex()
    {
        var index = File.ReadAllText(Path.Combine(Repository.Root, "docs/decisions/README.md"));
        var decisions = Files("docs/decisions", "*.md").Where(file => Path.GetFileName(file) != "README.md").ToList();
        Assert.NotEmpty(decisions);
        foreach (var decision in decisions)
        {
            var title = DecisionTitle().Match(File.ReadAllText(decision));
            Assert.True(title.Success, $"{decision} has no title such as \"# 0304: What was decided\"");
            Assert.Contains($"({Path.GetFileName(decision)}) | {title.Groups[1].Value.TrimEnd()}", index);
        }
    }

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory
            .EnumerateFiles(Path.Combine(Repository.Root, folder), pattern, SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Repository.Root, file).Split('/').Any(part => part is "bin" or "obj" or "node_modules"));

    private static IEnumerable<string> SettingsIn(string file, Regex name) =>
        name.Matches(Numbered().Replace(File.ReadAllText(file), "_n_")).Select(match => match.Groups[1].Value);

    private static IEnumerable<string> MetricsIn(string file) => Metric().Matches(File.ReadAllText(file)).Select(match => match.Value);

    [GeneratedRegex("\"([A-Z][A-Z0-9]*(?:_[A-Z0-9n]+)+)\"")]
    private static partial Regex QuotedName();

    [GeneratedRegex(@"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9n]+)+)\b")]
    private static partial Regex Name();

    [GeneratedRegex(@"_(?:\{\w+\}|\d|n)_")]
    private static partial Regex Numbered();

    [GeneratedRegex("foresight_[a-z_]+[a-z]")]
    private static partial Regex Metric();

    [GeneratedRegex("^ *```.*?^ *```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    /// <summary>Quotes within `…` are commands or JSON; a single word is no message.</summary>
    [GeneratedRegex("""(?<![`\w{:])"([^"`{}]*[\w…][ \n][^"`{}]*)"(?!`)""")]
    private static partial Regex Quoted();

    /// <summary>A message may be split over two lines of code, and this text is then between its halves.</summary>
    [GeneratedRegex("\"\\s*\\+\\s*\\$?\"")]
    private static partial Regex SplitText();

    [GeneratedRegex(@"\]\(([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\| [a-z]+ed \| (.*?) \| (.*?) \| .* \|$", RegexOptions.Multiline)]
    private static partial Regex Stage();

    [GeneratedRegex("`([\\w./]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^# \d{4}:? (.+)$", RegexOptions.Multiline)]
    private static partial Regex DecisionTitle();

    [GeneratedRegex("""\["([a-z-]+)"\] = new""")]
    private static partial Regex Verb();
}
