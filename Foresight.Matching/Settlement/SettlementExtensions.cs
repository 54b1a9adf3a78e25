using Foresight.Chain.Rpc;
using Foresight.Contracts;
using Foresight.Matching.Leadership;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Foresight.Matching.Settlement;

internal static class SettlementExtensions
{
    /// <summary>The chain's client: <c>RPC_URL</c> and <c>CHAIN_ID</c>.</summary>
    public static IHostApplicationBuilder AddChain(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(EndpointOf(builder.Configuration));
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
        return builder.AddLeadership<SettlementTask>(LeasedResources.Settlement);
    }

    internal static ChainEndpoint EndpointOf(IConfiguration configuration)
    {
        // One client for the process; connections are renewed so that a changed address of the node is noticed.
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(2) });
        return new ChainEndpoint(EthereumClient.OfEndpoint(http, configuration.RpcUrl()), configuration.ChainId());
    }
}
