using System.Diagnostics.CodeAnalysis;

namespace Foresight.Cluster;

/// <summary>Rule of a gateway's address: an absolute https address, because a node can prove itself at no other.</summary>
public static class GatewayAddress
{
    public static bool IsValid([NotNullWhen(true)] string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps;
}
