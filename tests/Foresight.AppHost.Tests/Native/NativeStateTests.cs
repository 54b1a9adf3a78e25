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

    [Theory]
    [InlineData("")]
    [InlineData("{ \"admin-key\": \"on")]
    [InlineData("[]")]
    public void DamagedSecrets_AreNotReplaced_BecauseTheyOpenTheData(string damaged)
    {
        var file = Path.Combine(_folder, "secrets.json");
        File.WriteAllText(file, damaged);
        using var state = new NativeState(_folder, ephemeral: false);
        var mistake = Assert.Throws<DistributedApplicationException>(() => state.KeptSecret("admin-key", () => "new"));
        Assert.StartsWith($"{file} is damaged. Restore it", mistake.Message);
        Assert.Equal(damaged, File.ReadAllText(file));
    }

    [Fact]
    public void SecretsAskedForAtOnce_AreAllKept()
    {
        using (var state = new NativeState(_folder, ephemeral: false))
            Parallel.For(0, 50, i => state.KeptSecret($"key-{i % 10}", () => $"secret of {i % 10}"));
        using var again = new NativeState(_folder, ephemeral: false);
        for (var i = 0; i < 10; i++)
            Assert.Equal($"secret of {i}", again.KeptSecret($"key-{i}", () => "lost"));
    }

    [Fact]
    public void AWriteThatWasInterrupted_DoesNotStopTheNext_AndLeavesNothing()
    {
        var file = Path.Combine(_folder, "conf");
        File.WriteAllText(file, "old");
        File.WriteAllText(file + ".new", "half of");
        NativeState.WriteOwnerOnly(file, "new");
        Assert.Equal("new", File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(_folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void WhatAKilledAppHostLeft_IsRemovedByTheNext_AndOthersAreNot()
    {
        var (abandoned, inUse, unlocked) = (Path.Combine(_folder, "a"), Path.Combine(_folder, "b"), Path.Combine(_folder, "c"));
        foreach (var folder in new[] { abandoned, inUse, unlocked })
            Directory.CreateDirectory(Path.Combine(folder, "data"));
        File.WriteAllText(Path.Combine(abandoned, "lock"), "");
        using var other = new NativeState(inUse, ephemeral: false);
        other.EnsureOpen();
        using var next = new NativeState(Path.Combine(_folder, "next"), ephemeral: true);
        next.EnsureOpen();
        Assert.False(Directory.Exists(abandoned));
        Assert.True(Directory.Exists(inUse));
        Assert.True(Directory.Exists(unlocked));
    }

    [Fact]
    [Trait("Category", "Trust")]
    public void NothingIsRemovedFromTheTempFolder_WhichOthersMayFill()
    {
        var planted = Directory.CreateTempSubdirectory("foresight-").FullName;
        File.WriteAllText(Path.Combine(planted, "lock"), "");
        using (var state = new NativeState(Path.Combine(_folder, "next"), ephemeral: true))
            state.EnsureOpen();
        Assert.True(Directory.Exists(planted));
        Directory.Delete(planted, recursive: true);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
