using Aspire.Hosting;
using Foresight.AppHost.LocalHosting;
using Xunit;

namespace Foresight.AppHost.Tests.LocalHosting.Running;

public sealed class StateFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("foresight-test-").FullName;

    [Fact]
    public void ASecret_IsMadeOnceKeptAndReadableByItsOwnerAlone()
    {
        string first;
        using (var state = StateFolder.Open(_folder, ephemeral: false))
            first = state.KeptSecret("admin-key", () => "one");
        using var again = StateFolder.Open(_folder, ephemeral: false);
        Assert.Equal(first, again.KeptSecret("admin-key", () => "two"));
        Assert.Equal("three", again.KeptSecret("another", () => "three"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "secrets.json")));
    }

    [Fact]
    public void ASecondAppHostOnTheSameState_IsRefusedInOneLine()
    {
        using var first = StateFolder.Open(_folder, ephemeral: false);
        var mistake = Assert.Throws<DistributedApplicationException>(() => StateFolder.Open(_folder, ephemeral: false));
        Assert.Equal($"Another AppHost is running on {_folder}. Stop it first, or start this one with --ephemeral.", mistake.Message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
