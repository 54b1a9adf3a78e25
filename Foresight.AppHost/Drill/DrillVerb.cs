using System.Net.Sockets;

namespace Foresight.AppHost.Drill;

internal static class DrillVerb
{
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (arguments is not ([_] or [_, "--process", _]) || arguments is [_, _, var text] && !int.TryParse(text, out _))
            return Refuse("Usage: drill COMMAND [--process ID]; `drill help` lists the commands.");
        var sockets = DrillSocket.Connect(DrillSocket.Folder, arguments is [_, _, var id] ? id : "*");
        if (sockets.Count != 1)
        {
            foreach (var socket in sockets)
                socket.Socket.Dispose();
            return Refuse(
                sockets.Count == 0
                    ? "No AppHost of this user is running."
                    : $"Several AppHosts are running: add --process with one of {string.Join(", ", sockets.Select(s => s.ProcessId))}."
            );
        }

        await using var stream = new NetworkStream(sockets[0].Socket, ownsSocket: true);
        await using var writer = new StreamWriter(stream) { AutoFlush = true };
        using var reader = new StreamReader(stream);
        await writer.WriteLineAsync(arguments[0]);
        var last = string.Empty;
        while (await reader.ReadLineAsync() is { } line)
        {
            last = last.StartsWith(DrillServer.Failed, StringComparison.Ordinal) ? last : line;
            if (line != DrillServer.Done)
                Console.WriteLine(line);
        }

        if (last == DrillServer.Done)
            return 0;
        if (!last.StartsWith(DrillServer.Failed, StringComparison.Ordinal))
            Console.Error.WriteLine("The AppHost ended before the command did.");
        return 1;
    }

    private static int Refuse(string mistake)
    {
        Console.Error.WriteLine(mistake);
        return 2;
    }
}
