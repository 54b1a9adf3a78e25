using Xunit;

namespace Foresight.Chain.Tests.DevChain;

/// <summary>
/// One chain for all tests of a class; each test creates its own market and traders, so that they do not affect each other.
/// </summary>
public sealed class ExchangeFixture : IAsyncLifetime
{
    public Exchange Exchange { get; private set; } = null!;

    public async Task InitializeAsync() => Exchange = await Exchange.StartAsync();

    public async Task DisposeAsync() => await Exchange.DisposeAsync();
}
