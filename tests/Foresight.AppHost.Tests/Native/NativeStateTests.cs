using Aspire.Hosting;
using Foresight.AppHost.Native;
using Xunit;

namespace Foresight.AppHost.Tests.Native;

public sealed class NativeStateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("foresight-test-").FullName;

    [Fact]
    public void ASecret_IsMadeOnceKeptAndReadableByItsOwnerAlone()
    {
        string first;
        using (var state = new NativeState(_folder, ephemeral: false))
            first = state.KeptSecret("admin-key", () => "one");
        using var again = new NativeState(_folder, ephemeral: false);
        Assert.Equal(first, again.KeptSecret("admin-key", () => "two"));
        Assert.Equal("three", again.KeptSecret("another", () => "three"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "secrets.json")));
    }

    [Fact]
    public void ASecondAppHostOnTheSameState_IsRefusedInOneLine()
    {
        using var first = new NativeState(_folder, ephemeral: false);
        first.EnsureOpen();
        using var second = new NativeState(_folder, ephemeral: false);
        var mistake = Assert.Throws<DistributedApplicationException>(second.EnsureOpen);
        Assert.Equal($"Another AppHost is running on {_folder}. Stop it first, or start this one with --ephemeral.", mistake.Message);
    }

    [Fact]
    public void AnEphemeralState_IsGoneAtTheEnd()
    {
        var folder = Path.Combine(_folder, "throw-away");
        using (var state = new NativeState(folder, ephemeral: true))
            state.KeptSecret("admin-key", () => "one");
        Assert.False(Directory.Exists(folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
