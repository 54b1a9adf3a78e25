using System.Net;
using Foresight.Cluster;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Foresight.Matching.Gateway;

/// <summary>
/// Two ports: HTTP/1.1 for probes and metrics where ASPNETCORE_URLS says, and HTTP/2 without TLS for the gateway. One port cannot serve
/// both: without TLS there is nothing to negotiate the version with.
/// </summary>
internal static class GatewayListener
{
    /// <summary>
    /// <c>GATEWAY_URL</c>: where the gateway listens, default any free port of the loopback interface. <c>GATEWAY_HOST</c>: the name under
    /// which the other nodes reach it; needed when it listens on every interface.
    /// </summary>
    public static void AddGatewayListener(this WebApplicationBuilder builder)
    {
        var gateway = BindingOf("GATEWAY_URL", builder.Configuration.Optional("GATEWAY_URL") ?? "http://127.0.0.1:0");
        var advertised = builder.Configuration.Optional("GATEWAY_HOST");
        if (advertised is null && !IsLoopback(gateway.Host))
            throw new SettingException(
                "GATEWAY_HOST is not set: it is the name under which the other nodes reach a gateway that does not listen on 127.0.0.1."
            );

        var probes = (builder.Configuration.Optional("urls") ?? PortsAsUrls(builder.Configuration) ?? "http://127.0.0.1:0")
            .Split(';')
            .Select(url => BindingOf("ASPNETCORE_URLS", url))
            .ToList();
        // The server warns that ASPNETCORE_URLS is overridden; it is not, it is read here. The categories below this one keep their
        // warnings.
        builder
            .Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel.", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (var probe in probes)
                Listen(kestrel, probe, HttpProtocols.Http1);
            // Last, so that it is the last of the server's addresses.
            Listen(kestrel, gateway, HttpProtocols.Http2);
        });
        builder.Services.AddSingleton(new AdvertisedHost(advertised ?? "127.0.0.1"));
    }

    /// <summary>Tells the others the address at which the gateway really listens, as soon as it does.</summary>
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
            // Said below.
        }

        throw new SettingException($"{setting} must be http:// addresses; TLS ends before a matching node.");
    }

    /// <summary>Containers of ASP.NET set only the ports.</summary>
    private static string? PortsAsUrls(IConfiguration configuration) =>
        configuration.Optional("http_ports") is { } ports
            ? string.Join(';', ports.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(port => $"http://*:{port}"))
            : null;

    private static bool IsLoopback(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));

    private sealed record AdvertisedHost(string Name);
}
