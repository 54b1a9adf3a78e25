using System.Runtime.InteropServices;

namespace Foresight.Api.Tests.Stack;

/// <summary>A process that stands still until this is disposed of: its connections stay, and nothing answers.</summary>
internal sealed partial class Frozen : IDisposable
{
    private const int Continue = 18, Stop = 19;

    private readonly int process;

    public Frozen(int process)
    {
        this.process = process;
        Assert.Equal(0, SendSignal(process, Stop));
    }

    public void Dispose() => SendSignal(process, Continue);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
