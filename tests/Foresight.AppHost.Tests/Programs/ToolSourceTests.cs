using Foresight.AppHost.Programs;
using Xunit;

namespace Foresight.AppHost.Tests.Programs;

public sealed class ToolSourceTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("foresight-tools-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void EveryTool_HasAProgramAndAnOrigin() =>
        Assert.All(
            Enum.GetValues<Tool>(),
            tool =>
            {
                var source = ToolSource.Of(tool);
                Assert.NotEmpty(source.Files);
                Assert.True(source.DebianPackage is null != source.Npm is null, $"{tool} has one origin");
            }
        );

    [Fact]
    public void VersionedFolders_AreSearchedNewestFirst_ByNumber()
    {
        foreach (var version in new[] { "9", "17", "16", "common" })
            _folder.CreateSubdirectory(version);
        Assert.Equal(
            new[] { "17", "16", "9" }.Select(version => Path.Combine(_folder.FullName, version, "bin")),
            ToolSource.VersionedFolders(_folder.FullName)
        );
        Assert.Empty(ToolSource.VersionedFolders(Path.Combine(_folder.FullName, "missing")));
    }

    [Fact]
    public void FolderThatLacksOneOfTheFiles_IsNotTaken()
    {
        var source = new ToolSource { Files = ["server", "tool"] };
        File.WriteAllText(Path.Combine(_folder.FullName, "server"), "");
        Assert.False(ProgramFinder.IsComplete(_folder.FullName, "server", source));

        File.WriteAllText(Path.Combine(_folder.FullName, "tool"), "");
        Assert.True(ProgramFinder.IsComplete(_folder.FullName, "server", source));
        Assert.False(ProgramFinder.IsComplete(_folder.FullName, "other-name", source));
    }

    [Fact]
    public void FoundProgram_ComesBeforeTheMachinesOwn()
    {
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin", ["LD_LIBRARY_PATH"] = "" };
        new FoundProgram("/cache/bin/server", "/cache/lib").AddTo(environment);
        Assert.Equal(("/cache/bin:/usr/bin", "/cache/lib"), (environment["PATH"], environment["LD_LIBRARY_PATH"]));
    }

    [Fact]
    public void ProgramOfTheMachine_NeedsNoLibraryFolder()
    {
        var environment = new Dictionary<string, string>();
        new FoundProgram("/usr/bin/server", LibraryFolder: null).AddTo(environment);
        Assert.Equal(KeyValuePair.Create("PATH", "/usr/bin"), Assert.Single(environment));
    }

    [Fact]
    public async Task NpmPackageWithoutAVersion_IsRefused_BeforeAnythingIsInstalled()
    {
        var finder = new ProgramFinder(line => Assert.Fail(line));
        await Assert.ThrowsAsync<ArgumentException>(() => finder.RequireNpmAsync(["ethers"]));
        await Assert.ThrowsAsync<ArgumentException>(() => finder.RequireNpmAsync(["ethers@6.16.0", "@scope/name"]));
    }
}
