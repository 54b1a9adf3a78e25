using Xunit;

namespace Foresight.Chain.Tests.DevChain;

/// <summary>The tests of a class share the chain, so each creates its own market and traders.</summary>
public sealed class ExchangeFixture : IAsyncLifetime
{
    public Exchange Exchange { get; private set; } = null!;

    public async Task InitializeAsync() => Exchange = await Exchange.StartAsync();

    public async Task DisposeAsync() => await Exchange.DisposeAsync();
}
