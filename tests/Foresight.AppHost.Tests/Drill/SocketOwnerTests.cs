using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Foresight.AppHost.Drill;
using Xunit;

namespace Foresight.AppHost.Tests.Drill;

public sealed class SocketOwnerTests
{
    private static readonly HashSet<string> Ours = ["4711"];

    [Theory]
    [InlineData(
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000 100 0 0 10 0",
        8080
    )]
    [InlineData("   1: 00000000000000000000000001000000:FFFF 0:0 01 0:0 00:0 0 0 0 4711 1 0", 65535)]
    [InlineData(
        "   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000 100 0 0 10 0",
        null
    )]
    // The inode is a number in one field only, so the same number in another must not match.
    [InlineData("4711: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  4711        0 9 1 0000 100 0 0 10 0", null)]
    [InlineData("   3: 0100007F:1F90 00000000:0000 0A", null)]
    [InlineData("", null)]
    public void ALineOfTheTable_GivesThePortOfAnOwnSocketAlone(string line, int? port) =>
        Assert.Equal(port, SocketOwner.PortOf(line, Ours));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void AProcess_OwnsThePortsThatItHasOpen_AndNoLonger(string address)
    {
        var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Contains(port, SocketOwner.PortsOf(Environment.ProcessId));
        listener.Dispose();
        Assert.DoesNotContain(port, SocketOwner.PortsOf(Environment.ProcessId));
    }

    [Fact]
    public async Task AProcessThatHasEnded_OwnsNone()
    {
        using var ended = Process.Start("true");
        await ended.WaitForExitAsync();
        Assert.Empty(SocketOwner.PortsOf(ended.Id));
    }
}
