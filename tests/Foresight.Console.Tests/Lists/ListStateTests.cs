using Foresight.Console.Lists;

namespace Foresight.Console.Tests.Lists;

public sealed class ListStateTests
{
    private static readonly ListColumn<int> Name = new("name", "Name", _ => _ => { }) { Key = row => row };
    private static readonly ListColumn<int> Size = new("size", "Size", _ => _ => { }) { Key = row => row, DescendsFirst = true };

    [Theory]
    [InlineData("/markets", null, false, 1, null, "")]
    [InlineData("/markets?sort=usdc&page=3&size=100&hide=bid,ask", "usdc", false, 3, 100, "ask,bid")]
    [InlineData("/markets?sort=-usdc#content", "usdc", true, 1, null, "")]
    [InlineData("/markets?sort=-&page=0&size=x&hide=", null, true, 1, null, "")]
    [InlineData("/markets?page=-2&page=7", null, false, 1, null, "")]
    public void Address_IsTheState(string address, string? sort, bool isDescending, int page, int? size, string hidden)
    {
        var state = ListState.Of(address);
        Assert.Equal((sort, isDescending, page, size), (state.Sort, state.IsDescending, state.Page, state.Size));
        Assert.Equal(hidden, string.Join(',', state.Hidden));
    }

    [Fact]
    public void ListsOfOnePage_HaveStatesOfTheirOwn()
    {
        const string Address = "/reconciliation?sort=-amount&runs.sort=took&runs.page=2&runs.hide=new";
        Assert.Equal(("-amount", 1), (ListState.Of(Address).SortText, ListState.Of(Address).Page));
        Assert.Equal(("took", 2), (ListState.Of(Address, "runs.").SortText, ListState.Of(Address, "runs.").Page));
        Assert.Equal(["new"], ListState.Of(Address, "runs.").Hidden);
    }

    [Fact]
    public void HeadOfAColumn_LeadsToItsDirections_AndBackToTheListsOwnOrder()
    {
        Assert.Equal("name", ListState.Of("/").SortAfter(Name));
        Assert.Equal("-name", ListState.Of("/?sort=name").SortAfter(Name));
        Assert.Null(ListState.Of("/?sort=-name").SortAfter(Name));

        Assert.Equal("-size", ListState.Of("/?sort=name").SortAfter(Size));
        Assert.Equal("size", ListState.Of("/?sort=-size").SortAfter(Size));
        Assert.Null(ListState.Of("/?sort=size").SortAfter(Size));
    }

    [Fact]
    public void ColumnIsHidden_AndShownAgain()
    {
        Assert.Equal("name", ListState.Of("/").HiddenAfter(Name));
        Assert.Equal("name,size", ListState.Of("/?hide=size").HiddenAfter(Name));
        Assert.Null(ListState.Of("/?hide=size").HiddenAfter(Size));
    }
}
