using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Gateway;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.Gateway;

internal static class SignatureGuards
{
    /// <summary>Knows market 1 of <see cref="Traders.Domain"/>. A core is idle, so that every signature is checked.</summary>
    public static SignatureGuard Of(ChainEndpoint? chain, TimeProvider clock) =>
        new(
            new MarketDomains(
                _ => Task.FromResult(new SignedContracts([(1, Address.Parse($"0x{1:x40}"))], Vault: null)),
                chainId: 31337,
                TimeProvider.System
            ),
            new CheckedShare(new GivenCores(idle: 1), most => 0),
            new PutOutNodes(TimeProvider.System),
            new GatewayMetrics(new TestMeters()),
            chain,
            clock
        );
}
