using Bunit;
using Foresight.Console.Live;

namespace Foresight.Console.Tests.Live;

public sealed class TileTests : ConsoleContext
{
    private readonly LiveValue<string> _value = new();

    [Fact]
    public void BeforeTheFirstReading_NeitherContentNorAFailureIsShown()
    {
        var tile = Tile();
        Assert.Equal("Nodes", Text(tile));
        Assert.NotEmpty(tile.FindAll(".skeleton"));
    }

    [Fact]
    public void AFailureFromTheBeginning_IsShownInsteadOfContent()
    {
        _value.Fail("no node answers", Samples.Noon);
        Assert.Equal("Nodes stale since 12:00:00 UTC, never read Nothing could be read yet no node answers", Text(Tile()));
    }

    [Fact]
    public void AFailureAfterAReading_KeepsTheContent_AndSaysSinceWhenItIsOld()
    {
        _value.Set("x", Samples.Noon);
        Assert.Equal("Nodes the content", Text(Tile()));
        _value.Fail("no node answers", Samples.Noon.AddMinutes(1));
        _value.Fail("still none", Samples.Noon.AddMinutes(2));
        var tile = Tile();
        Assert.Equal("Nodes stale since 12:00:00 UTC the content", Text(tile));
        Assert.Equal("still none", tile.Find("[role=status]").GetAttribute("title"));
        Assert.Contains("tile-stale", tile.Find("section").ClassName);

        _value.Set("y", Samples.Noon.AddMinutes(3));
        Assert.Equal("Nodes the content", Text(Tile()));
    }

    [Fact]
    public void AFigure_IsADash_UntilItIsKnown_AndALinkWhereItLeadsOn()
    {
        Assert.Equal("Orders –", Text(Figure()));
        _value.Fail("no node answers", Samples.Noon);
        Assert.Equal("Orders – stale since 12:00:00 UTC", Text(Figure()));
        _value.Set("x", Samples.Noon);
        Assert.Equal("Orders 17", Text(Figure()));
        Assert.Equal(["/trades"], Links(Figure()));
    }

    private IRenderedComponent<Tile> Tile() =>
        Render<Tile>(set => set.Add(tile => tile.Title, "Nodes").Add(tile => tile.Of, _value).AddChildContent("the content"));

    private IRenderedComponent<Figure> Figure() =>
        Render<Figure>(set =>
            set.Add(figure => figure.Label, "Orders")
                .Add(figure => figure.Of, _value)
                .Add(figure => figure.Href, "/trades")
                .AddChildContent("17")
        );
}
