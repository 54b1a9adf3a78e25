using System.Net;
using Foresight.Cluster.Proof;
using Microsoft.AspNetCore.Connections;

namespace Foresight.Matching.Gateway;

/// <summary>
/// A proven node and where it connects from. Anything that holds the cluster's secret can prove itself under any node's name, but not
/// from another node's host.
/// </summary>
/// <param name="Host">The remote end of the TCP connection, never the value of a header.</param>
internal sealed record ConnectedNode(ProvenNode Node, IPAddress Host)
{
    public static IPAddress HostOf(BaseConnectionContext connection) =>
        connection.RemoteEndPoint is not IPEndPoint { Address: var address } ? IPAddress.None
        : address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address;
}
