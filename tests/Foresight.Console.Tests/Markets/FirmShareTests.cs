using Bunit;
using Foresight.Console.Markets;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Markets;

[Trait("Category", "Firm")]
public sealed class FirmShareTests : ConsoleContext
{
    private FirmShareView _share = new(7, HasVault: true, "3000", "2000", "1600", "1000");

    public FirmShareTests()
    {
        Api.Answer("/markets/7", () => Samples.Market());
        Api.Answer("/markets/7/trades", () => new[] { Samples.Trade() });
        Api.Answer("/admin/markets/7/firm", () => _share);
    }

    [Fact]
    public void Market_HasTheFirmShareOfWhatRests()
    {
        var page = Shown();
        page.WaitForAssertion(() => Assert.Contains("Firm share 62.5% 1,000 of 1,600 USDC resting", Text(page)));
        _share = _share with { Usdc = "0", FirmUsdc = "0" };
        Clock.Advance(TimeSpan.FromSeconds(5));
        page.WaitForAssertion(() => Assert.Contains("Firm share – 0 of 0 USDC resting", Text(page)));
    }

    [Fact]
    public void WithoutAVault_ItIsNotShown()
    {
        _share = new FirmShareView(7, HasVault: false, "0", "0", "0", "0");
        var page = Shown();
        page.WaitForAssertion(() => Assert.Contains("/admin/markets/7/firm", Api.Asked));
        Assert.DoesNotContain("Firm share", Text(page));
    }

    private IRenderedComponent<MarketPage> Shown()
    {
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 7));
        page.WaitForAssertion(() => Assert.Contains("Will it rain on day 7?", Text(page)));
        return page;
    }
}
