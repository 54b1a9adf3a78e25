using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Matching.ChainFollowing;

public sealed partial class MarketWatch(
    Deployment deployment,
    EthereumClient client,
    UnconfirmedStore store,
    LeaderClient leader,
    ILogger logger
)
{
    /// <summary>Value of <c>Market.State</c> in the contract: 0 open, 1 resolved, 2 invalid.</summary>
    private const int OpenOnChain = 0;

    public async Task StepAsync(IReadOnlySet<Address> stops, long confirmed, long head, CancellationToken cancellationToken)
    {
        var states = await store.ReadMarketStatesAsync(deployment.Generation, cancellationToken);
        var commands = new List<LeaderCommand>();
        foreach (var market in deployment.Markets)
        {
            if (!states.TryGetValue(market.Id, out var here) || (here != MarketState.Paused && !stops.Contains(market.Address)))
                continue;
            var next = MarketRules.Next(
                here,
                await ReadAsync(market, confirmed, cancellationToken),
                await ReadAsync(market, head, cancellationToken)
            );
            if (next is not { } state)
                continue;
            Log.Follows(logger, market.Id, state, head);
            commands.Add(leader.SetState(market.Id, state));
        }

        if (commands.Count > 0)
            await leader.DeliverAsync(commands, cancellationToken);
    }

    private async Task<ChainMarket> ReadAsync(DeployedMarket market, long block, CancellationToken cancellationToken)
    {
        var contract = new MarketContract(client, market.Address);
        var state = await contract.ReadAsync<System.Numerics.BigInteger>(MarketContract.StateFunction, block, cancellationToken);
        var paused = await contract.ReadAsync<bool>(MarketContract.PausedFunction, block, cancellationToken);
        var isDecided = await contract.IsDecisionAnnouncedAsync(block, cancellationToken);
        return new ChainMarket(state == OpenOnChain && !isDecided, paused);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Market {Market} is now {State}, following the chain at block {Block}.")]
        public static partial void Follows(ILogger logger, int market, MarketState state, long block);
    }
}
