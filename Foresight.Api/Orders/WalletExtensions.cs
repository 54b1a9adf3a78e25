using Foresight.Api.Markets;
using Foresight.Api.Operations.Details;
using Foresight.Api.Operations.Markets.Proposals;
using Foresight.Api.Orders;
using Foresight.Chain.Rpc;
using Foresight.Cluster.Health;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Hosting;

namespace Microsoft.AspNetCore.Builder;

public static class WalletExtensions
{
    /// <summary>
    /// Contract wallets and approvals are checked at <c>RPC_URLS</c> or <c>RPC_URL</c>. Without a chain endpoint only signatures of
    /// externally owned accounts are accepted, and a missing approval is reported as missing funds.
    /// </summary>
    public static WebApplicationBuilder AddWallets(this WebApplicationBuilder builder)
    {
        var urls = builder.Configuration.OptionalRpcUrls();
        var transport =
            urls.Count == 0
                ? null
                : FailoverClient.OfEndpoints(
                    new HttpClient(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }),
                    builder.Configuration.ChainId(),
                    urls,
                    // Half of a check's timeout, so that a second endpoint still gets its turn.
                    urls.Count > 1
                        ? ContractWallets.Bound / 2
                        : ContractWallets.Bound
                );
        if (transport is not null)
        {
            builder.Services.AddChainWatch(
                new ChainEndpoints(
                    transport.CheckAsync,
                    () => [.. transport.States.Select(e => new ChainEndpointView(e.Name, e.IsWell, e.Head, e.Behind, e.LastError))]
                )
            );
        }

        var chain = transport is null ? null : new EthereumClient(transport);
        builder.Services.AddSingleton(provider => new ContractWallets(
            chain,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ContractWallets>>()
        ));
        builder.Services.AddSingleton(provider => new ApprovalCheck(
            chain,
            provider.GetRequiredService<ChainContracts>(),
            provider.GetRequiredService<ILogger<ApprovalCheck>>()
        ));
        builder.Services.AddSingleton(provider => new ChainAccountReader(
            chain,
            provider.GetRequiredService<ChainContracts>(),
            provider.GetRequiredService<MarketCatalog>(),
            provider.GetRequiredService<ILogger<ChainAccountReader>>()
        ));
        builder.Services.AddSingleton(provider => new ProposalTransactions(
            chain,
            provider.GetRequiredService<ChainContracts>(),
            provider.GetRequiredService<ILogger<ProposalTransactions>>()
        ));
        return builder;
    }
}
