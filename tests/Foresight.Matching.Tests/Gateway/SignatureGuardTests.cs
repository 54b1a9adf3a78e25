using Foresight.Matching.Gateway;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Gateway;

[Trait("Category", "Trust")]
public sealed class SignatureGuardTests
{
    /// <summary>Three parts, of 24, 24 and 22.</summary>
    private const int Many = 70;

    private readonly Traders _traders = new(seed: 52);
    private readonly SignatureGuard _guard = SignatureGuards.Of(chain: null, TimeProvider.System);

    [Theory]
    [InlineData(0)]
    [InlineData(23)]
    [InlineData(24)]
    [InlineData(Many - 1)]
    public async Task AForgedOrder_IsFoundAnywhereInABatch(int at)
    {
        var orders = Orders(Many);
        var forged = orders[at] with { Signature = orders[(at + 1) % Many].Signature };
        Assert.Equal(forged, await ForgedOfAsync([.. orders[..at], forged, .. orders[(at + 1)..]]));
        var changed = orders[at] with { Lots = 11 };
        Assert.Equal(changed, await ForgedOfAsync([.. orders[..at], changed, .. orders[(at + 1)..]]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(Many)]
    public async Task OrdersThatTheirMakersSigned_Pass(int count) => Assert.Null(await ForgedOfAsync(Orders(count)));

    private PlaceOrder[] Orders(int count) =>
        [.. Enumerable.Range(1, count).Select(i => _traders.Place(1 + (i % 5), 1, 0, isBuy: true, price: 4_000, lots: 10))];

    private async Task<LeaderCommand?> ForgedOfAsync(PlaceOrder[] orders)
    {
        var (forged, refused) = await _guard.FindFaultsAsync(orders, CancellationToken.None);
        Assert.Empty(refused);
        return forged;
    }
}
