using Foresight.AppHost.Programs;
using Xunit;

namespace Foresight.AppHost.Tests.Programs;

public sealed class ProgramCacheTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("foresight-cache-");
    private readonly ProgramCache _cache;

    public ProgramCacheTests() => _cache = new ProgramCache(Path.Combine(_folder.FullName, "cache"));

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void PackagesOfNpm_HaveAFolderForEachSetAndVersion_HoweverTheyAreListed()
    {
        var one = _cache.NpmFolder(["ethers@6.16.0", "solc@0.8.30"]);
        Assert.Equal(one, _cache.NpmFolder(["solc@0.8.30", "ethers@6.16.0"]));
        Assert.Equal(
            4,
            new[]
            {
                one,
                _cache.NpmFolder(["ethers@6.16.1", "solc@0.8.30"]),
                _cache.NpmFolder(["ethers@6.16.0"]),
                _cache.NpmFolder(["solc@0.8.30"]),
            }
                .Distinct()
                .Count()
        );
        Assert.StartsWith(_cache.Folder, one);
    }

    [Fact]
    public async Task PackagesThatAreThere_AreNotInstalledAgain()
    {
        string[] packages = ["ethers@6.16.0"];
        Assert.Null(_cache.FindNpm(packages));
        Directory.CreateDirectory(_cache.NpmFolder(packages));
        var installer = new NpmInstaller(_cache, line => Assert.Fail(line));
        Assert.Equal(_cache.NpmFolder(packages), await installer.RequireAsync(packages, default));
    }

    [Fact]
    public async Task ALock_HasOneHolder_AndTheNextWaitsForIt()
    {
        var held = _cache.TryLock("npm");
        Assert.NotNull(held);
        Assert.Null(_cache.TryLock("npm"));
        using (_cache.TryLock("debian"))
        {
            var waiting = _cache.LockAsync("npm", default);
            Assert.False(waiting.IsCompleted);
            held.Dispose();
            using var next = await waiting.WaitAsync(Eventually.Patience);
            Assert.Null(_cache.TryLock("npm"));
        }
    }

    [Fact]
    public async Task WaitingForALock_CanBeGivenUp()
    {
        using var held = _cache.TryLock("npm");
        using var cancel = new CancellationTokenSource();
        var waiting = _cache.LockAsync("npm", cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Theory]
    [InlineData("usr/bin")]
    [InlineData("usr/sbin")]
    [InlineData("usr/lib/postgresql/17/bin")]
    public void AnUnpackedProgram_IsFoundWhereverDebianPutsIt_WithTheLibrariesThatCameWithIt(string folder)
    {
        var source = new ToolSource { Files = ["server", "tool"] };
        Assert.Null(_cache.FindUnpacked(source, ["server"]));
        var at = Path.Combine(_cache.UnpackedRoot, folder);
        Directory.CreateDirectory(at);
        File.WriteAllText(Path.Combine(at, "server"), "");
        // An interrupted unpacking leaves such a folder, which must not be used.
        Assert.Null(_cache.FindUnpacked(source, ["server"]));
        File.WriteAllText(Path.Combine(at, "tool"), "");
        Directory.CreateDirectory(Path.Combine(_cache.UnpackedRoot, "usr/lib/x86_64-linux-gnu"));
        var found = _cache.FindUnpacked(source, ["other", "server"]);
        Assert.Equal(Path.Combine(at, "server"), found!.Path);
        Assert.Contains(Path.Combine(_cache.UnpackedRoot, "usr/lib/x86_64-linux-gnu"), found.LibraryFolder!.Split(':'));
        Assert.All(found.LibraryFolder.Split(':'), library => Assert.True(Directory.Exists(library)));
    }
}
