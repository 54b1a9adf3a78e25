using Foresight.Chain.Contracts;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

/// <summary>An exchange with a vault. The tests of a class share it, so each creates its own market and traders.</summary>
public sealed class FirmFixture : IAsyncLifetime
{
    /// <summary>
    /// Few blocks, because each transaction is one; many seconds, so that blocks without a time of their own use up only a part.
    /// </summary>
    public static readonly WithdrawalDelay Delay = new(Blocks: 20, Seconds: 600);

    public Exchange Exchange { get; private set; } = null!;
    public VaultContract Vault { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Exchange = await Exchange.StartAsync(Delay);
        Vault = new VaultContract(Exchange.Chain.Client, (await Exchange.Factory.VaultAsync())!.Value);
    }

    public async Task DisposeAsync() => await Exchange.DisposeAsync();
}
