using Bunit;
using Foresight.Console.Lists;

namespace Foresight.Console.Tests.Lists;

public sealed class DataListTests : ConsoleContext
{
    private sealed record Row(int Id, string Name, int Size);

    private static readonly IReadOnlyList<ListColumn<Row>> Columns =
    [
        new("name", "Name", row => output => output.AddContent(0, row.Name)) { IsFixed = true, Key = row => row.Name },
        new("size", "Size", row => output => output.AddContent(0, row.Size))
        {
            IsNumeric = true,
            DescendsFirst = true,
            Key = row => row.Size,
            Hover = row => $"{row.Size} exactly",
            ClassOf = row => row.Size > 2 ? "large" : null,
        },
    ];

    private static readonly IReadOnlyList<Row> Items = [new(1, "b", 1), new(2, "a", 3), new(3, "c", 2)];

    [Fact]
    public void HeadsAreLinks_ToTheSameListInAnotherOrder()
    {
        Navigation.NavigateTo("/list?market=7&page=2&cursor=abc");
        var list = Shown(Items);
        Assert.Equal(["http://localhost/list?market=7&sort=name", "http://localhost/list?market=7&sort=-size"], Links(list));
        Assert.Empty(list.FindAll("th[aria-sort]"));

        Navigation.NavigateTo("/list?sort=-size");
        list.WaitForAssertion(() => Assert.Equal(["a", "c", "b"], Rows(list).Select(row => row[0])));
        Assert.Equal("descending", list.Find("th[aria-sort]").GetAttribute("aria-sort"));
        Assert.Equal(("3 exactly", "num large"), (list.Find("td.num").GetAttribute("title"), list.Find("td.num").ClassName));
    }

    [Fact]
    public void SortAndPage_StayUnderAnUpdate()
    {
        Navigation.NavigateTo("/list?sort=name&page=2");
        var list = Shown(Items, pageSize: 2);
        Assert.Equal(["c"], Rows(list).Select(row => row[0]));
        Assert.Contains("3–3 of 3", Text(list));

        list.Render(set => set.Add(shown => shown.Items, [new Row(4, "d", 9), .. Items]));
        Assert.Equal(["c", "d"], Rows(list).Select(row => row[0]));
        Assert.Equal("/list?sort=name&page=2", Address);
    }

    [Fact]
    public void ChangedRow_KeepsItsElement()
    {
        var list = Shown(Items);
        var before = list.RenderCount;
        list.Render(set => set.Add(shown => shown.Items, [Items[0] with { Size = 7 }, Items[1], Items[2]]));
        Assert.Equal(before + 1, list.RenderCount);
        Assert.Equal("7", Rows(list)[0][1]);
    }

    [Fact]
    public void HiddenColumn_IsInTheAddress_AndTheFixedOneCannotBeHidden()
    {
        Navigation.NavigateTo("/list?hide=size,name");
        Assert.Equal(
            [
                ["b"],
                ["a"],
                ["c"],
            ],
            Rows(Shown(Items))
        );
    }

    [Fact]
    public void PageOfTheApi_IsShownAsItCame_AndCountedByItsTotal()
    {
        Navigation.NavigateTo("/list?sort=name&page=3");
        var list = Render<DataList<Row>>(set =>
            set.Add(shown => shown.Columns, Columns)
                .Add(shown => shown.Items, Items)
                .Add(shown => shown.Id, row => row.Id)
                .Add(shown => shown.PageSize, 25)
                .Add(shown => shown.Sizes, [25, 100])
                .Add(shown => shown.Total, 60)
        );
        Assert.Equal(["b", "a", "c"], Rows(list).Select(row => row[0]));
        Assert.Contains("51–53 of 60 First Previous page 3 of 3", Text(list));

        Field(list, "Rows on a page").Change("100");
        Assert.Equal("/list?sort=name&size=100", Address);
    }

    [Fact]
    public void PartOfTheRows_IsShownAsItCame_AndItsHeadsAreNoLinks()
    {
        Navigation.NavigateTo("/list?sort=-size");
        var list = Shown(Items);
        Assert.Equal(["a", "c", "b"], Rows(list).Select(row => row[0]));
        Assert.DoesNotContain("needs all rows", Text(list), StringComparison.Ordinal);

        list.Render(set => set.Add(shown => shown.IsPart, true));
        Assert.Equal(["b", "a", "c"], Rows(list).Select(row => row[0]));
        Assert.Empty(list.FindAll("[data-list-sort], [aria-sort]"));
        Assert.Contains("an order by “size”, which needs all rows, and these are a part of them. Its own order is shown.", Text(list));
        Assert.Equal(["http://localhost/list"], Links(list));

        Navigation.NavigateTo("/list?sort=weight");
        list.WaitForAssertion(() => Assert.Contains("an order by “weight”, which this list does not have.", Text(list)));
    }

    [Fact]
    public void Line_BelowARow_IsAsWideAsTheTable()
    {
        var list = Render<DataList<Row>>(set =>
            set.Add(shown => shown.Columns, Columns)
                .Add(shown => shown.Items, Items)
                .Add(shown => shown.Id, row => row.Id)
                .Add(shown => shown.Below, row => row.Id == 2 ? output => output.AddContent(0, "a remark") : null)
        );
        Assert.Equal("2", list.FindAll("tbody td").Single(cell => Text(cell) == "a remark").GetAttribute("colspan"));
    }

    private IRenderedComponent<DataList<Row>> Shown(IReadOnlyList<Row> items, int pageSize = 50) =>
        Render<DataList<Row>>(set =>
            set.Add(shown => shown.Label, "Things")
                .Add(shown => shown.Columns, Columns)
                .Add(shown => shown.Items, items)
                .Add(shown => shown.Id, row => row.Id)
                .Add(shown => shown.PageSize, pageSize)
        );
}
