using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Foresight.AppHost.Native;

/// <summary>What may happen to a process.</summary>
public static partial class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <exception cref="Win32Exception">There is no such process, or it is not ours.</exception>
    public static void Send(int processId, int signal)
    {
        // Zero and below name groups, of which our own is one.
        ArgumentOutOfRangeException.ThrowIfLessThan(processId, 2);
        if (SendSignal(processId, signal) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);

    /// <summary>A shell without job control starts what it puts into the background with Ctrl+C ignored; it is to be heard all the same.</summary>
    public static void HearInterrupt() => _ = SetHandler(Interrupt, 0);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint action);
}
