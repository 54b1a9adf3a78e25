using Bunit;
using Foresight.Console.Markets;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Markets;

public sealed class AnotherMarketTests : ConsoleContext
{
    /// <summary>The look-up leads from one market to another, and the framework keeps the page.</summary>
    [Fact]
    public void AnotherMarket_OnTheSamePage_HasNothingOfTheOneBefore()
    {
        Api.Answer("/markets/7", () => Samples.Market(7));
        Api.Answer("/markets/7/trades", () => new[] { Samples.Trade() });
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 7));
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=tape] tbody tr")));
        Assert.Contains("/trades/42", Links(page));

        Api.Answer("/markets/8", () => Samples.Market(8));
        Api.Problem("/markets/8/trades", 503, ProblemCodes.Unavailable);
        page.Render(set => set.Add(shown => shown.Id, 8));
        page.WaitForAssertion(() => Assert.Contains("Will it rain on day 8?", Text(page)));
        page.WaitForAssertion(() => Assert.Contains("Nothing could be read yet", Text(page)));
        Assert.DoesNotContain("day 7", Text(page));
        Assert.Empty(page.FindAll("[data-testid=tape] tbody tr"));
    }
}
