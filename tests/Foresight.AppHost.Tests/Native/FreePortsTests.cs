using System.Net;
using System.Net.Sockets;
using Foresight.AppHost.Native;
using Xunit;

namespace Foresight.AppHost.Tests.Native;

public sealed class FreePortsTests
{
    [Fact]
    public void ATakenPort_GivesTheNextFreeOne_AndNoneIsGivenTwice()
    {
        using var taken = new TcpListener(IPAddress.Loopback, FreePorts.Any());
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var first = FreePorts.From(port);
        var second = FreePorts.From(port);
        Assert.True(port < first && first < second, $"{port} {first} {second}");
    }
}
