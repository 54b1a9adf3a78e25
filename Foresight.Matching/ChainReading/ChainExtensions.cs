using Foresight.Chain.Rpc;
using Foresight.Cluster.Health;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.ChainReading;

public sealed record ChainEndpoint(EthereumClient Client, long ChainId);

internal static class ChainExtensions
{
    /// <summary>Settlement and reconciliation both need the chain, so a second call adds nothing.</summary>
    public static IHostApplicationBuilder AddChain(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(ChainEndpoint)))
            return builder;
        var transport = TransportOf(builder.Configuration);
        builder.Services.AddSingleton(new ChainEndpoint(new EthereumClient(transport), builder.Configuration.ChainId()));
        builder.Services.AddChainWatch(
            new ChainEndpoints(
                transport.CheckAsync,
                () => [.. transport.States.Select(e => new ChainEndpointView(e.Name, e.IsWell, e.Head, e.Behind, e.LastError))]
            )
        );
        return builder;
    }

    /// <summary>Leaves out the health watch, for a verb that ends soon.</summary>
    internal static ChainEndpoint EndpointOf(IConfiguration configuration) =>
        new(new EthereumClient(TransportOf(configuration)), configuration.ChainId());

    private static FailoverClient TransportOf(IConfiguration configuration)
    {
        // One client per process. Connections are renewed, so that a changed DNS address of the node takes effect.
        var http = new HttpClient(
            new SocketsHttpHandler
            {
                UseProxy = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                ConnectTimeout = TimeSpan.FromSeconds(2),
            }
        );
        return FailoverClient.OfEndpoints(http, configuration.ChainId(), configuration.RpcUrls());
    }
}
