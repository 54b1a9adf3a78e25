using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Foresight.AppHost.LocalHosting;

/// <summary>The few calls of libc that .NET has no name for.</summary>
internal static partial class Native
{
    public const int SignalInterrupt = 2;
    public const int SignalKill = 9;
    public const int SignalTerminate = 15;

    private const nint DefaultAction = 0;

    public static bool IsRoot => EffectiveUserId() == 0;

    /// <summary>Signals every process of a group; a group that is already gone is not an error.</summary>
    public static void SignalGroup(int groupId, int signal) => Kill(-groupId, signal);

    public static void ChangeOwner(string path, UserAccount account)
    {
        if (Chown(path, account.UserId, account.GroupId) != 0)
            throw new IOException($"chown {path} to {account.Name}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>
    /// A shell without job control starts what it puts into the background with Ctrl+C ignored; we want to hear it all the same.
    /// </summary>
    public static void HearInterrupt() => Signal(SignalInterrupt, DefaultAction);

    /// <returns>False when the port is somebody else's.</returns>
    public static bool TryBindToLoopback(Socket socket, int port)
    {
        // sockaddr_in: family, port and address, the last two in network order.
        Span<byte> address = stackalloc byte[16];
        address.Clear();
        BitConverter.TryWriteBytes(address, (ushort)AddressFamily.InterNetwork);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)port);
        IPAddress.Loopback.TryWriteBytes(address[4..], out _);
        return Bind(socket.SafeHandle, in address[0], (uint)address.Length) == 0;
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Signal(int signal, nint action);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeHandle socket, in byte address, uint length);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUserId();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, uint userId, uint groupId);
}

/// <summary>A line of /etc/passwd.</summary>
internal sealed record UserAccount(string Name, uint UserId, uint GroupId)
{
    public static UserAccount? Find(string name)
    {
        foreach (var line in File.ReadLines("/etc/passwd"))
            if (line.Split(':') is [var account, _, var userId, var groupId, ..] && account == name)
                return new UserAccount(name, uint.Parse(userId), uint.Parse(groupId));
        return null;
    }
}
