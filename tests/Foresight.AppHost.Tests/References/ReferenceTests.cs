using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Foresight.AppHost.Tests.References;

[Trait("Category", "Parts")]
public sealed partial class ReferenceTests : IAsyncLifetime
{
    private sealed record Node(string Name, string? Folder, string[] References);

    private sealed record Graph(Node[] Projects, Node[] Stages);

    private Graph _graph = null!;

    public async Task InitializeAsync()
    {
        var (exitCode, output) = await RepositoryScript.RunAsync("docs/references.mjs", "--json");
        Assert.True(exitCode == 0, output);
        _graph = JsonSerializer.Deserialize<Graph>(output, JsonSerializerOptions.Web)!;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void Projects_ReferenceOnlyWhatTheyMay() =>
        AssertAllowed(_graph.Projects.Where(project => !IsTests(project.Name)), AllowedReferences.Projects);

    [Fact]
    public void Stages_UseOnlyWhatTheyMay() => AssertAllowed(_graph.Stages, AllowedReferences.Stages);

    [Fact]
    public void NothingReferencesTests_AndNoProductReferencesTheirTools()
    {
        Assert.DoesNotContain(_graph.Projects, project => project.References.Any(IsTests));
        var product = _graph.Projects.Where(project => !project.Folder!.Contains('/')).ToList();
        var names = product.Select(project => project.Name).ToHashSet();
        Assert.All(product, project => Assert.Subset(names, project.References.ToHashSet()));
    }

    [Fact]
    public void AllowedReferences_FormNoCircle()
    {
        AssertNoCircle(AllowedReferences.Projects);
        AssertNoCircle(AllowedReferences.Stages);
    }

    /// <summary>Code that two projects share belongs in a project that both reference.</summary>
    [Fact]
    public void NoProject_CompilesFilesOfAnother() =>
        Assert.All(
            _graph.Projects,
            project =>
                Assert.DoesNotMatch(
                    LinkedFile(),
                    File.ReadAllText(Path.Combine(Repository.Root, project.Folder!, $"{project.Name}.csproj"))
                )
        );

    [Fact]
    public void EveryProjectOfTheProduct_HasATestProject()
    {
        var product = _graph.Projects.Where(project => !project.Folder!.Contains('/')).Select(project => $"{project.Name}.Tests");
        Assert.Empty(product.Except(_graph.Projects.Select(project => project.Name)));
    }

    [Fact]
    public async Task ThePicture_IsThatOfTheCode()
    {
        var (exitCode, output) = await RepositoryScript.RunAsync("docs/references.mjs", "--check");
        Assert.True(exitCode == 0, output);
    }

    private static bool IsTests(string project) => project.EndsWith(".Tests", StringComparison.Ordinal);

    private static void AssertAllowed(IEnumerable<Node> nodes, IReadOnlyDictionary<string, string[]> allowed)
    {
        var found = nodes.ToList();
        Assert.Equal(allowed.Keys.Order(), found.Select(node => node.Name).Order());
        Assert.Empty(found.SelectMany(node => node.References.Except(allowed[node.Name]).Select(to => $"{node.Name} -> {to}")));
    }

    private static void AssertNoCircle(IReadOnlyDictionary<string, string[]> allowed)
    {
        var open = allowed.Keys.ToHashSet();
        while (open.Count > 0)
            Assert.NotEqual(0, open.RemoveWhere(name => !allowed[name].Any(open.Contains)));
    }

    [GeneratedRegex("""<Compile\s[^>]*Include="[^"]*\.\.""")]
    private static partial Regex LinkedFile();
}
