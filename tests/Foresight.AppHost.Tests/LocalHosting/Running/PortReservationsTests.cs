using System.Net;
using System.Net.Sockets;
using Foresight.AppHost.LocalHosting;
using Foresight.AppHost.Programs;
using Xunit;

namespace Foresight.AppHost.Tests.LocalHosting.Running;

public sealed class PortReservationsTests
{
    [Fact]
    public void ATakenPort_GivesTheNextFreeOneThatNobodyElseAsksFor()
    {
        using var ports = new PortReservations(ProgramCache.OfThisUser());
        var taken = ports.ReserveAny();
        using var other = new PortReservations(ProgramCache.OfThisUser());
        var given = other.ReserveFrom(taken, askedFor: new HashSet<int> { taken, taken + 1 });
        Assert.True(given > taken + 1);
    }

    [Fact]
    public void AReservedPort_CannotBeTakenByAnotherUntilItIsReleased()
    {
        using var ports = new PortReservations(ProgramCache.OfThisUser());
        var port = ports.ReserveAny();
        Assert.Throws<SocketException>(() => Listen(port));
        ports.Release(port);
        Listen(port);
    }

    [Fact]
    public void APortWithANumber_IsKeptFromOtherAppHostsUntilTheRunEnds()
    {
        var nobodys = new HashSet<int>();
        using var other = new PortReservations(ProgramCache.OfThisUser());
        int port;
        using (var ports = new PortReservations(ProgramCache.OfThisUser()))
        {
            port = ports.ReserveFrom(14_000, nobodys);
            Assert.True(other.ReserveFrom(port, nobodys) > port);
        }
        Assert.Equal(port, other.ReserveFrom(port, nobodys));
    }

    private static void Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        listener.Stop();
    }
}
