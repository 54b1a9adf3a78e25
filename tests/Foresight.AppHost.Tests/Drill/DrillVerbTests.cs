using System.Net.Sockets;
using Foresight.AppHost.Drill;
using Xunit;

namespace Foresight.AppHost.Tests.Drill;

public sealed class DrillVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("drill-sockets-").FullName;

    [Theory]
    [InlineData]
    [InlineData("kill-leader", "now")]
    [InlineData("kill-leader", "--process")]
    [InlineData("kill-leader", "--proces", "1")]
    [InlineData("kill-leader", "--process", "../other")]
    [InlineData("kill-leader", "--process", "*")]
    public async Task ALineThatIsNotUnderstood_DoesNothing(params string[] arguments) =>
        Assert.Equal(2, await DrillVerb.RunAsync(arguments));

    [Fact]
    public void ASocketThatAKilledAppHostLeft_IsNoAppHost_AndIsRemoved()
    {
        var stale = Path.Combine(_folder, "1234.sock");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Renamed, because .NET removes the path that it has bound; a kill does not.
            dead.Bind(new UnixDomainSocketEndPoint(stale + ".bound"));
            File.Move(stale + ".bound", stale);
        }

        Assert.True(File.Exists(stale));
        Assert.Empty(DrillSocket.Connect(_folder, "*"));
        Assert.False(File.Exists(stale));
        Assert.Empty(DrillSocket.Connect(Path.Combine(_folder, "missing"), "*"));
    }

    [Fact]
    public void AnUnfinishedSocket_IsRemoved_OnceItsProcessIsGone()
    {
        var temporary = Directory.CreateTempSubdirectory("drill-").FullName;
        // Above the highest process id of every system.
        var (dead, linked) = (Path.Combine(_folder, $"{int.MaxValue}.sock.new"), Path.Combine(_folder, $"{int.MaxValue - 1}.sock.new"));
        var (alive, other) = (Path.Combine(_folder, $"{Environment.ProcessId}.sock.new"), Path.Combine(_folder, "other.sock.new"));
        File.CreateSymbolicLink(linked, Path.Combine(temporary, "socket"));
        foreach (var path in new[] { dead, alive, other })
            File.WriteAllText(path, "");

        Assert.Empty(DrillSocket.Connect(_folder, "*"));
        Assert.Equal([alive, other], Directory.GetFiles(_folder).Order());
        Assert.False(Directory.Exists(temporary));
    }

    [Fact]
    public void OfSeveralAppHosts_OneCanBeNamed()
    {
        var listeners = new List<Socket>();
        foreach (var process in new[] { "11", "22" })
        {
            var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, $"{process}.sock")));
            listener.Listen();
            listeners.Add(listener);
        }

        Assert.Equal(["11", "22"], Found("*"));
        Assert.Equal(["22"], Found("22"));
        Assert.Empty(Found("2"));
        listeners.ForEach(listener => listener.Dispose());

        IEnumerable<string> Found(string processId)
        {
            var found = DrillSocket.Connect(_folder, processId);
            found.ForEach(one => one.Socket.Dispose());
            return found.Select(one => one.ProcessId).Order();
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
