using System.Reflection;
using System.Text.RegularExpressions;
using Foresight.Api.Problems;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Problems;

public sealed partial class ProblemCodeTests
{
    private static readonly IReadOnlyDictionary<string, string> Declared = new[] { typeof(ProblemCodes), typeof(ProblemRules) }
        .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
        .Where(field => field.IsLiteral && field.Name != nameof(ProblemRules.ContentType))
        .ToDictionary(field => (string)field.GetRawConstantValue()!, field => field.Name);

    [Fact]
    public void TheReadme_ListsEveryCodeUnderItsStatus()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "Foresight.Api/Problems/README.md"));
        var listed = Row()
            .Matches(readme)
            .SelectMany(row =>
                Code().Matches(row.Groups[2].Value).Select(code => (Status: int.Parse(row.Groups[1].Value), Code: code.Groups[1].Value))
            );
        Assert.Equal(Declared.Keys.Select(code => (Status: ProblemRules.StatusOf(code), Code: code)).Order(), listed.Order());
    }

    [Fact]
    public void EveryCode_HasATitleOfItsOwn() =>
        Assert.Equal(Declared.Count + 1, Declared.Keys.Append("anything else").Select(ProblemRules.TitleOf).Distinct().Count());

    [Fact]
    public void EveryCode_IsGivenByTheCode()
    {
        // Lines that only map a code to HTTP begin with it, and do not count as its use.
        var giving = new[] { "Foresight.Api", "Foresight.Cluster", "Foresight.Matching" }
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Repository.Root, project), "*.cs", SearchOption.AllDirectories))
            .SelectMany(File.ReadLines)
            .Select(line => line.TrimStart())
            .Where(line => !line.Contains(" => StatusCodes.") && !line.Contains("public const "))
            .Where(line => !TitleOf().IsMatch(line))
            .ToList();
        Assert.All(
            Declared.Values,
            name => Assert.Contains(giving, line => Regex.IsMatch(line, $@"(ProblemCodes\.|ProblemRules\.|\(|^){name}\b"))
        );
    }

    [GeneratedRegex(@"^\| (\d{3}) \| (.*) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("""^[\w.]+ => "[^"]*\.",$""")]
    private static partial Regex TitleOf();
}
