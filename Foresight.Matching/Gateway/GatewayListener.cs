using System.Net;
using Foresight.Cluster;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Foresight.Matching.Gateway;

/// <summary>
/// The node's two ports: HTTP/1.1 for probes and metrics at ASPNETCORE_URLS, and HTTP/2 without TLS for the gateway. One port cannot serve
/// both: without TLS there is no ALPN to negotiate the version.
/// </summary>
internal static class GatewayListener
{
    /// <summary>
    /// Reads <c>GATEWAY_URL</c>, the address to listen at (default: any free port of the loopback interface), and <c>GATEWAY_HOST</c>, the
    /// name under which other nodes reach it (required when it listens on every interface).
    /// </summary>
    public static void AddGatewayListener(this WebApplicationBuilder builder)
    {
        var gateway = BindingOf("GATEWAY_URL", builder.Configuration.Optional("GATEWAY_URL") ?? "http://127.0.0.1:0");
        var advertised = builder.Configuration.Optional("GATEWAY_HOST");
        if (advertised is null && !IsLoopback(gateway.Host))
            throw new SettingException(
                "GATEWAY_HOST is not set. A gateway that does not listen on 127.0.0.1 needs it: the name under which other nodes reach it."
            );

        var probes = (builder.Configuration.Optional("urls") ?? PortsAsUrls(builder.Configuration) ?? "http://127.0.0.1:0")
            .Split(';')
            .Select(url => BindingOf("ASPNETCORE_URLS", url))
            .ToList();
        // Kestrel warns that the addresses of ASPNETCORE_URLS are overridden, which is false here: they are read below. Narrower categories
        // keep their warnings.
        builder
            .Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel.", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (var probe in probes)
                Listen(kestrel, probe, HttpProtocols.Http1);
            // The gateway is added last, because AnnounceGateway takes the server's last address.
            Listen(kestrel, gateway, HttpProtocols.Http2);
        });
        builder.Services.AddSingleton(new AdvertisedHost(advertised ?? "127.0.0.1"));
    }

    /// <summary>Publishes the address at which the gateway listens. A port of 0 is known only once the server has started.</summary>
    public static void AnnounceGateway(this WebApplication app)
    {
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            var bound = BindingAddress.Parse(addresses.Last());
            app.Services.GetRequiredService<NodePresence>()
                .SetAddress($"http://{app.Services.GetRequiredService<AdvertisedHost>().Name}:{bound.Port}");
        });
    }

    private static void Listen(KestrelServerOptions kestrel, BindingAddress address, HttpProtocols protocols)
    {
        void Configure(ListenOptions options) => options.Protocols = protocols;
        if (IPAddress.TryParse(address.Host, out var ip))
            kestrel.Listen(ip, address.Port, Configure);
        else if (address.Host == "localhost" && address.Port == 0)
            kestrel.Listen(IPAddress.Loopback, 0, Configure);
        else if (address.Host == "localhost")
            kestrel.ListenLocalhost(address.Port, Configure);
        else
            kestrel.ListenAnyIP(address.Port, Configure);
    }

    private static BindingAddress BindingOf(string setting, string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            if (address.Scheme == "http")
                return address;
        }
        catch (FormatException)
        {
            // The throw below reports it, like a scheme other than http.
        }

        throw new SettingException($"{setting} must consist of http:// addresses. Terminate TLS in front of a matching node.");
    }

    /// <summary>Reads the ports alone: container images of ASP.NET set ASPNETCORE_HTTP_PORTS instead of ASPNETCORE_URLS.</summary>
    private static string? PortsAsUrls(IConfiguration configuration) =>
        configuration.Optional("http_ports") is { } ports
            ? string.Join(';', ports.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(port => $"http://*:{port}"))
            : null;

    private static bool IsLoopback(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));

    private sealed record AdvertisedHost(string Name);
}
