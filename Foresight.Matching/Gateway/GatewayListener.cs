using System.Net;
using System.Security.Cryptography;
using Foresight.Cluster;
using Foresight.Matching.ChainReading;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Foresight.Matching.Gateway;

/// <summary>
/// Probes (HTTP/1.1, at ASPNETCORE_URLS) and gateway (HTTP/2 over mutual TLS) cannot share a port, because probes and scrapers are no nodes
/// of the cluster and cannot prove themselves.
/// </summary>
internal static class GatewayListener
{
    /// <summary>
    /// <c>GATEWAY_URL</c> defaults to any free port of the loopback interface, so that several nodes fit on one machine.
    /// <c>GATEWAY_HOST</c>, the name under which others reach the node, is required beyond loopback: an address such as 0.0.0.0 is of no
    /// use to them.
    /// </summary>
    public static void AddGatewayListener(this WebApplicationBuilder builder)
    {
        var gateway = BindingOf("GATEWAY_URL", builder.Configuration.Optional("GATEWAY_URL") ?? "https://127.0.0.1:0", "https");
        var advertised = builder.Configuration.Optional("GATEWAY_HOST");
        if (advertised is null && !IsLoopback(gateway.Host))
            throw new SettingException(
                "GATEWAY_HOST is not set. A gateway that does not listen on 127.0.0.1 needs it: the name under which other nodes reach it."
            );

        var probes = (builder.Configuration.Optional("urls") ?? PortsAsUrls(builder.Configuration) ?? "http://127.0.0.1:0")
            .Split(';')
            .Select(url => BindingOf("ASPNETCORE_URLS", url, "http"))
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
                Listen(kestrel, probe, options => options.Protocols = HttpProtocols.Http1);
            // The gateway is added last, because AnnounceGateway takes the server's last address.
            Listen(kestrel, gateway, kestrel.ApplicationServices.GetRequiredService<NodeConnections>().Guard);
        });
        builder.AddCommandGuard();
        builder.Services.AddSingleton(new AdvertisedHost(advertised ?? "127.0.0.1"));
    }

    private static void AddCommandGuard(this WebApplicationBuilder builder)
    {
        var chainId = builder.Configuration.ChainId();
        builder.Services.AddSingleton<NodeConnections>();
        builder.Services.AddSingleton<PutOutNodes>();
        builder.Services.AddSingleton<GatewayMetrics>();
        builder.Services.AddSingleton<GatewayRates>();
        builder.Services.AddSingleton(provider =>
        {
            var primary = provider.GetRequiredService<NpgsqlDataSource>();
            return new TermWitness(resource => HeldTerm.ReadAsync(primary, resource), provider.GetRequiredService<TimeProvider>());
        });
        builder.Services.TryAddSingleton<IdleCores>();
        builder.Services.AddSingleton(provider => new CheckedShare(
            provider.GetRequiredService<IdleCores>(),
            RandomNumberGenerator.GetInt32
        ));
        builder.Services.AddSingleton(provider =>
        {
            var primary = provider.GetRequiredService<NpgsqlDataSource>();
            return new MarketDomains(
                cancellationToken => MarketDomains.ReadAsync(primary, chainId, cancellationToken),
                chainId,
                provider.GetRequiredService<TimeProvider>()
            );
        });
        builder.Services.AddSingleton(provider => new SignatureGuard(
            provider.GetRequiredService<MarketDomains>(),
            provider.GetRequiredService<CheckedShare>(),
            provider.GetRequiredService<PutOutNodes>(),
            provider.GetRequiredService<GatewayMetrics>(),
            provider.GetService<ChainEndpoint>(),
            provider.GetRequiredService<TimeProvider>()
        ));
        builder.Services.AddSingleton<CommandGuard>();
    }

    /// <summary>Waits for the start of the server: a port of 0 is known only then.</summary>
    public static void AnnounceGateway(this WebApplication app)
    {
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            var bound = BindingAddress.Parse(addresses.Last());
            var presence = app.Services.GetRequiredService<NodePresence>();
            var putOut = app.Services.GetRequiredService<PutOutNodes>();
            putOut.Added += (_, _) => presence.SetPutOut(putOut.Current());
            presence.SetAddress($"https://{app.Services.GetRequiredService<AdvertisedHost>().Name}:{bound.Port}");
        });
    }

    private static void Listen(KestrelServerOptions kestrel, BindingAddress address, Action<ListenOptions> configure)
    {
        if (IPAddress.TryParse(address.Host, out var ip))
            kestrel.Listen(ip, address.Port, configure);
        else if (address.Host == "localhost" && address.Port == 0)
            kestrel.Listen(IPAddress.Loopback, 0, configure);
        else if (address.Host == "localhost")
            kestrel.ListenLocalhost(address.Port, configure);
        else
            kestrel.ListenAnyIP(address.Port, configure);
    }

    private static BindingAddress BindingOf(string setting, string url, string scheme)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            if (address.Scheme == scheme)
                return address;
        }
        catch (FormatException)
        {
            // The throw below reports it, like another scheme.
        }

        throw new SettingException($"{setting} must be {scheme}://HOST:PORT, not \"{url}\".");
    }

    /// <summary>Container images of ASP.NET set ASPNETCORE_HTTP_PORTS instead of ASPNETCORE_URLS.</summary>
    private static string? PortsAsUrls(IConfiguration configuration) =>
        configuration.Optional("http_ports") is { } ports
            ? string.Join(';', ports.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(port => $"http://*:{port}"))
            : null;

    private static bool IsLoopback(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));

    private sealed record AdvertisedHost(string Name);
}
