using System.Net;
using System.Net.Sockets;
using Foresight.AppHost.LocalHosting;
using Xunit;

namespace Foresight.AppHost.Tests.LocalHosting.Running;

public sealed class PortReservationsTests
{
    [Fact]
    public void ATakenPort_GivesTheNextFreeOneThatNobodyElseAsksFor()
    {
        using var ports = new PortReservations();
        var taken = ports.ReserveAny();
        using var other = new PortReservations();
        var given = other.ReserveFrom(taken, askedFor: new HashSet<int> { taken, taken + 1 });
        Assert.True(given > taken + 1);
    }

    [Fact]
    public void AReservedPort_CannotBeTakenByAnotherUntilItIsReleased()
    {
        using var ports = new PortReservations();
        var port = ports.ReserveAny();
        Assert.Throws<SocketException>(() => Listen(port));
        ports.Release(port);
        Listen(port);
    }

    private static void Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        listener.Stop();
    }
}
