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

    /// <summary>Null when there is no such process.</summary>
    public static int? ParentOf(int processId)
    {
        try
        {
            // The second field is the program's name, in parentheses, with any character in it.
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
        }
        catch (IOException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);

    /// <summary>A shell without job control starts what it puts into the background with Ctrl+C ignored; this undoes it.</summary>
    public static void RestoreInterrupt() => _ = SetHandler(Interrupt, 0);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint action);
}
