using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>Signals that <see cref="System.Diagnostics.Process"/> cannot send.</summary>
public static partial class Signals
{
    private const int Term = 15, Cont = 18, Stopped = 19;

    public static void Terminate(int processId) => Send(processId, Term);

    public static void Stop(int processId) => Send(processId, Stopped);

    public static void Continue(int processId) => Send(processId, Cont);

    private static void Send(int processId, int signal)
    {
        if (Kill(processId, signal) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
