using System.Net;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Foresight.Api.Access;

/// <summary>
/// A caller's address is that of its connection. Only the proxies that <c>TRUSTED_PROXIES</c> names may state another one, because limits
/// count by address, and any caller can send <c>X-Forwarded-For</c>.
/// </summary>
public static class TrustedProxies
{
    public static IReadOnlyList<IPNetwork> Of(IConfiguration configuration) =>
        [
            .. (configuration.Optional("TRUSTED_PROXIES") ?? "")
                .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(part =>
                    IPAddress.TryParse(part, out var address) ? new IPNetwork(address, 8 * address.GetAddressBytes().Length)
                    : IPNetwork.TryParse(part, out var network) ? network
                    : throw new SettingException($"TRUSTED_PROXIES must be addresses or networks with commas between, not \"{part}\".")
                ),
        ];

    /// <summary>
    /// Replaces the whole of the options: with <c>ASPNETCORE_FORWARDEDHEADERS_ENABLED</c>, which deployments set, the host would otherwise
    /// believe every peer.
    /// </summary>
    public static void ApplyTo(ForwardedHeadersOptions options, IReadOnlyList<IPNetwork> proxies)
    {
        options.ForwardedHeaders = proxies.Count == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor;
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
            options.KnownIPNetworks.Add(proxy);
    }
}
