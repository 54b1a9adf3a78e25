using Foresight.Api.MarketData;

namespace Foresight.Api.Tests.MarketData;

[Trait("Category", "Trust")]
public sealed class ClientLimitsTests
{
    [Fact]
    public void OneCaller_HasAQuarterOfThePlaces_UnlessASettingGivesMore()
    {
        var limits = Of("HUB_MAX_CLIENTS=8");
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => limits.Enter("one")));
        Assert.True(limits.Enter("other"));
        // The one that was refused still leaves, as its connection ends.
        limits.Leave("one");
        Assert.False(limits.Enter("one"));
        limits.Leave("one");
        limits.Leave("one");
        Assert.True(limits.Enter("one"));

        var more = Of("HUB_MAX_CLIENTS=8", "HUB_MAX_CLIENTS_PER_ADDRESS=8");
        Assert.All(Enumerable.Range(0, 8), _ => Assert.True(more.Enter("one")));
        Assert.False(more.Enter("other"));
    }

    [Fact]
    public void APlaceThatIsFree_IsTakenAgain_HoweverOften()
    {
        var limits = Of("HUB_MAX_CLIENTS=1");
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(limits.Enter($"{i % 10}"));
            limits.Leave($"{i % 10}");
        }
    }

    private static ClientLimits Of(params string[] settings) => new(Configured.By(settings));
}
