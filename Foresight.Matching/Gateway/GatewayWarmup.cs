using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Matching.Gateway;

/// <summary>
/// Nobody connects to a follower, so without this the first orders after a take-over would wait until the handshake, HTTP/2 and the checks
/// are compiled. A trader's order comes in as from an Api node, too late for any leader to take it.
/// </summary>
internal sealed partial class GatewayWarmup(
    ClusterKeys keys,
    NodeIdentity node,
    NodePresence presence,
    MarketDomains domains,
    TimeProvider clock,
    ILogger<GatewayWarmup> logger
) : BackgroundService
{
    /// <summary>The set-up lists it first.</summary>
    private const int Market = 1;

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            await AddressIsKnownAsync(stopping);
            using var client = new GatewayClient(new NodeProof(keys, $"{node.Id}-warmup", NodeKinds.Api), clock);
            await client.StatusAsync(presence.Address, shard: 0, stopping);
            if (await domains.FindAsync(Market, stopping) is { } domain)
                await client.SendAsync(presence.Address, [TooLate(domain)], term: null, stopping);
            Log.WarmedUp(logger);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The process stops before it has ever led, so there is nothing to warm up.
        }
        catch (Exception error)
        {
            // A failure costs only slower first orders.
            Log.NotWarmedUp(logger, error.Message);
        }
    }

    private async Task AddressIsKnownAsync(CancellationToken stopping)
    {
        // Taken before the look, or a change between the two would be missed.
        for (var changed = presence.Changed; presence.Address.Length == 0; changed = presence.Changed)
            await changed.WaitAsync(stopping);
    }

    private PlaceOrder TooLate(TypedDataDomain domain)
    {
        var key = PrivateKey.Random();
        var message = OrderMessage.OfUnits(key.Address, outcome: 0, isBuy: true, priceTicks: 1, quantityLots: 1, salt: 1, expirySeconds: 1);
        var hash = OrderSigning.OrderHash(domain, message);
        var signature = key.Sign(hash);
        // Checked here too, because the gateway checks only a share.
        OrderSigning.Check(hash, signature, key.Address);
        return new PlaceOrder
        {
            RequestId = Guid.NewGuid(),
            Deadline = clock.GetUtcNow() - TimeSpan.FromSeconds(1),
            Hash = hash.ToString(),
            Maker = key.Address.ToString(),
            MarketId = Market,
            Outcome = 0,
            IsBuy = true,
            PriceTicks = 1,
            Lots = 1,
            Salt = "1",
            ExpirySeconds = 1,
            Signature = Hex.Encode(signature),
        };
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Warm-up of the gateway completed.")]
        public static partial void WarmedUp(ILogger logger);

        [LoggerMessage(LogLevel.Debug, "Warm-up of the gateway failed; the first orders after a take-over will be slower: {Reason}")]
        public static partial void NotWarmedUp(ILogger logger, string reason);
    }
}
