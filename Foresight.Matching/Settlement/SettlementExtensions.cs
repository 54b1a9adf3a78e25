using Foresight.Chain.Rpc;
using Foresight.Contracts;
using Foresight.Matching.Leadership;
using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.Matching.Settlement;

internal static class SettlementExtensions
{
    /// <summary>The chain's client (<c>RPC_URLS</c> or <c>RPC_URL</c>, and <c>CHAIN_ID</c>), and the watch over its endpoints.</summary>
    public static IHostApplicationBuilder AddChain(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(ChainEndpoint))) return builder;
        var transport = TransportOf(builder.Configuration);
        builder.Services.AddSingleton(new ChainEndpoint(new EthereumClient(transport), builder.Configuration.ChainId()));
        builder.Services.AddChainWatch(new ChainEndpoints(
            transport.CheckAsync, () => [.. transport.States.Select(e => new ChainEndpointView(e.Name, e.IsWell, e.Head, e.Behind, e.LastError))]));
        return builder;
    }

    /// <summary>Settlement and the chain follower, run by the node that holds their lease. Needs <c>OPERATOR_KEY</c>.</summary>
    public static IHostApplicationBuilder AddSettlement(this IHostApplicationBuilder builder)
    {
        builder.AddChain();
        builder.Services.AddSingleton(SettlementOptions.From(builder.Configuration));
        builder.Services.AddSingleton(OperatorKey.From(builder.Configuration, builder.Environment));
        builder.Services.AddSingleton<TradeStatePublisher>();
        builder.Services.AddSingleton<SettlementMetrics>();
        builder.Services.AddHealthChecks().AddCheck<SettlementCheck>("settlement", HealthStatus.Unhealthy, []);
        return builder.AddLeadership<SettlementTask>(LeasedResources.Settlement);
    }

    /// <summary>The client alone, for a verb that ends soon.</summary>
    internal static ChainEndpoint EndpointOf(IConfiguration configuration) => new(new EthereumClient(TransportOf(configuration)), configuration.ChainId());

    private static FailoverClient TransportOf(IConfiguration configuration)
    {
        // One client for the process; connections are renewed so that a changed address of the node is noticed.
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(2) });
        return FailoverClient.OfEndpoints(http, configuration.ChainId(), configuration.RpcUrls());
    }
}
