using Bunit;
using Foresight.Console.Lists;
using Foresight.Console.Markets;
using Foresight.Console.Settlement;
using Foresight.Protocol;
using MudBlazor;

namespace Foresight.Console.Tests.Lists;

public sealed class ColumnChoiceTests : ConsoleContext
{
    [Fact]
    public void Choice_GoesIntoTheAddress_AndTheListFollows()
    {
        Api.Answer("/markets", () => new[] { Samples.Market(7, stats: Samples.Stats()) });
        Navigation.NavigateTo("/markets?sort=-usdc");
        var popovers = Render<MudPopoverProvider>();
        var page = Render<MarketsPage>();
        page.WaitForAssertion(() => Assert.Equal(9, Rows(page).Single().Length));

        page.Find("[aria-label='Columns of the markets']").Click();
        popovers.WaitForAssertion(() => Assert.Equal(8, popovers.FindAll("[role=menuitemcheckbox]").Count));
        popovers.FindAll("[role=menuitemcheckbox]").Single(item => Text(item) == "Chance").Click();

        Assert.Equal("/markets?sort=-usdc&hide=chance", Address);
        page.WaitForAssertion(() => Assert.Equal(8, Rows(page).Single().Length));
        popovers.WaitForAssertion(() => Assert.Single(popovers.FindAll("[role=menuitemcheckbox][aria-checked=false]")));
    }

    [Fact]
    public void ListsOfOnePage_HaveTheirOwnColumns()
    {
        Api.Answer("/admin/settlement", () => Samples.SettlementDetail());
        Api.Answer("/admin/settlement/batches", () => new Page<BatchView>([Samples.Batch()], null));
        Navigation.NavigateTo("/settlement?queue.hide=oldest&rpc.hide=head,behind");
        var page = Render<SettlementPage>();
        page.WaitForAssertion(() => Assert.Equal(4, page.FindAll("[aria-label^='Columns of the']").Count));
        Assert.Contains(Rows(page), row => row is ["matched", "2", "41"]);
        Assert.Contains(Rows(page), row => row is ["rpc-1", "healthy"]);
    }

    [Fact]
    public void Menu_IsNotDrawnAtThePagesTicks()
    {
        IReadOnlyList<ListColumn> columns = [new ListColumn<MarketView>("state", "State", _ => _ => { })];
        var choice = Render<ColumnChoice>(set => set.Add(shown => shown.Of, "the markets").Add(shown => shown.Columns, columns));
        var drawn = choice.RenderCount;
        choice.Render(set => set.Add(shown => shown.Columns, columns));
        Assert.Equal(drawn, choice.RenderCount);
    }
}
