using System.ComponentModel;
using System.Diagnostics;
using Foresight.AppHost.Native;
using Xunit;

namespace Foresight.AppHost.Tests.Native;

public sealed class SignalsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("a) name (of").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>kill(0) and kill(-1) would end groups of processes, this one among them.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(int.MinValue)]
    public void AnIdThatIsNoProcessOfOurs_IsRefused(int processId) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Signals.Send(processId, Signals.Kill));

    [Fact]
    public async Task AProcessThatHasEnded_IsAnErrorAndNotASuccess()
    {
        using var ended = Process.Start("true");
        await ended.WaitForExitAsync();
        Assert.Throws<Win32Exception>(() => Signals.Send(ended.Id, Signals.Interrupt));
        Assert.Null(Signals.ParentOf(ended.Id));
    }

    /// <summary>The kernel does not quote the name, which may contain anything.</summary>
    [Fact]
    public void AParent_IsFoundForAnyNameOfTheProgram()
    {
        var program = Path.Combine(_folder, ") 1 (x) 2");
        File.Copy("/bin/sleep", program);
        using var child = Process.Start(program, "600");
        try
        {
            Assert.Equal(Environment.ProcessId, Signals.ParentOf(child.Id));
        }
        finally
        {
            child.Kill();
        }
    }
}
