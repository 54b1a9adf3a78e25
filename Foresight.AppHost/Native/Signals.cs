using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Foresight.AppHost.Native;

public static partial class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <exception cref="Win32Exception">The process does not exist, or belongs to another user.</exception>
    public static void Send(int processId, int signal)
    {
        // Zero and negative ids address process groups, including our own.
        ArgumentOutOfRangeException.ThrowIfLessThan(processId, 2);
        if (SendSignal(processId, signal) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    public static int? ParentOf(int processId)
    {
        try
        {
            // The second field is the program's name in parentheses and may contain any character, so the fields are counted from the last
            // parenthesis.
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

    /// <summary>A shell without job control starts background programs with SIGINT ignored; this restores the default.</summary>
    public static void RestoreInterrupt() => _ = SetHandler(Interrupt, 0);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint action);
}
