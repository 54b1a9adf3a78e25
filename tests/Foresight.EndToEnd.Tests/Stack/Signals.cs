using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>Signals that <see cref="System.Diagnostics.Process"/> cannot send.</summary>
public static partial class Signals
{
    private const int Term = 15;

    public static void Terminate(int processId)
    {
        if (Kill(processId, Term) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
