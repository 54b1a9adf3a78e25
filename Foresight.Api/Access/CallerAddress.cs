using System.Net;
using System.Net.Sockets;

namespace Foresight.Api.Access;

/// <summary>
/// Name of a caller for limits. IPv6 addresses count by their /64, because one host usually has all of that and could otherwise choose
/// another address for each request.
/// </summary>
public static class CallerAddress
{
    private const int BytesOfNetwork = 8;

    public static string Of(HttpContext http) => Of(http.Connection.RemoteIpAddress);

    public static string Of(IPAddress? address)
    {
        if (address is null)
            return "";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(BytesOfNetwork).Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}
