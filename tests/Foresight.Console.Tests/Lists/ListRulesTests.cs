using Foresight.Console.FailedCommands;
using Foresight.Console.Lists;
using Foresight.Console.Settlement;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Lists;

public sealed class ListRulesTests
{
    private static readonly IReadOnlyList<ListColumn<(string Name, int? Size)>> Columns =
    [
        new("name", "Name", _ => _ => { }) { Key = row => row.Name },
        new("size", "Size", _ => _ => { }) { Key = row => row.Size },
        new("plain", "Plain", _ => _ => { }),
    ];

    private static readonly IReadOnlyList<(string Name, int? Size)> Rows = [("c", 2), ("a", null), ("b", 1), ("d", 2)];

    [Theory]
    [InlineData("/", "c a b d")]
    [InlineData("/?sort=name", "a b c d")]
    [InlineData("/?sort=-name", "d c b a")]
    [InlineData("/?sort=size", "b c d a")]
    [InlineData("/?sort=-size", "c d b a")]
    [InlineData("/?sort=plain", "c a b d")]
    [InlineData("/?sort=nothing", "c a b d")]
    public void Rows_AreInTheOrderOfTheAddress_ThoseWithoutAValueLast(string address, string expected) =>
        Assert.Equal(expected, Names(ListRules.Cut(Rows, Columns, ListState.Of(address), 10)));

    [Theory]
    [InlineData("/", "c a b", 1, 1)]
    [InlineData("/?page=2", "d", 2, 4)]
    [InlineData("/?page=9", "d", 2, 4)]
    [InlineData("/?sort=name&page=2", "d", 2, 4)]
    public void Page_IsThatOfTheAddress_OrTheLastThereIs(string address, string expected, int page, int first)
    {
        var cut = ListRules.Cut(Rows, Columns, ListState.Of(address), 3);
        Assert.Equal((expected, page, 2, first, 4), (Names(cut), cut.Page, cut.Pages, cut.First, cut.Total));
    }

    [Fact]
    public void EmptyList_HasOnePage_WithoutAFirstRow()
    {
        var cut = ListRules.Cut([], Columns, ListState.Of("/?page=2"), 3);
        Assert.Equal((0, 1, 1, 0L), (cut.First, cut.Page, cut.Pages, cut.Total));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(25, 1)]
    [InlineData(26, 2)]
    public void Pages_AreAsManyAsTheRowsNeed(long total, int expected) => Assert.Equal(expected, ListRules.Pages(total, 25));

    private static string Names(ListCut<(string Name, int? Size)> cut) => string.Join(' ', cut.Rows.Select(row => row.Name));

    /// <summary>Else a head would be a link that the Api refuses, or a file would be in another order than its page.</summary>
    [Fact]
    public void ListsThatTheApiSorts_AreSortedByTheSameNamesHere()
    {
        Assert.Equal(BatchSorts.Names, Sortable(BatchTable.Columns));
        Assert.Equal(FailedCommandSorts.Names, Sortable(FailedCommandsPage.Columns));
        Assert.All(ListRules.SortedByApi(BatchTable.Columns), column => Assert.Null(column.Key));

        static IEnumerable<string> Sortable<T>(IReadOnlyList<ListColumn<T>> columns) =>
            ListRules.SortedByApi(columns).Where(column => column.IsSortable).Select(column => column.Name);
    }
}
