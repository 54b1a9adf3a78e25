using System.Globalization;
using Bunit;
using Foresight.Console.Live;

namespace Foresight.Console.Tests.Live;

public sealed class AreaChartTests : ConsoleContext
{
    private static readonly DateTimeOffset Start = Samples.Noon.AddMinutes(-10);

    [Fact]
    public void MissingReadings_StayAGap_AndEachRunIsALineOfItsOwn()
    {
        var shown = Chart((0, 1), (1, 2), (2, 3), (60, 4), (61, 5), (599, 6));
        Assert.Equal(3, shown.FindAll(".chart-line").Count);
        Assert.Equal(3, shown.FindAll(".chart-area").Count);
        // A run of a single reading must be drawn too; it is where the ten minutes end.
        Assert.StartsWith("M599 ", shown.FindAll(".chart-line")[2].GetAttribute("d"));
    }

    [Theory]
    [InlineData(0, "0 0.5")]
    [InlineData(0.2, "0 0.5")]
    [InlineData(2.9, "0 1.0 2.0 3.0 4.0")]
    [InlineData(14, "0 5.0 10.0 15.0")]
    [InlineData(1_000, "0 500 1,000 1,500")]
    [InlineData(54_000, "0 20,000 40,000 60,000")]
    public void TheScale_HasRoundLabels_AndRoomAboveTheHighest(double highest, string labels)
    {
        var shown = Chart((0, 0), (1, highest));
        var scale = shown.FindAll(".chart-scale span").Select(label => label.TextContent).ToList();
        Assert.Equal(labels, string.Join(' ', scale));
        Assert.True(double.Parse(scale[^1], NumberStyles.Number, CultureInfo.InvariantCulture) > highest);
        Assert.Equal(scale.Count, shown.FindAll(".chart-grid").Count);
    }

    [Fact]
    public void WithoutReadings_ThereIsAScaleAndNoLine()
    {
        var shown = Chart();
        Assert.Empty(shown.FindAll("path"));
        Assert.NotEmpty(shown.FindAll(".chart-grid"));
    }

    [Fact]
    public void HigherValues_AreHigherUp_AndNoneIsOutsideOfTheFrame()
    {
        var line = Chart((0, 0), (1, 5), (2, 10)).Find(".chart-line").GetAttribute("d")!;
        var heights = line[1..].Split('L').Select(point => double.Parse(point.Split(' ')[1], CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(heights.OrderDescending(), heights);
        Assert.All(heights, height => Assert.InRange(height, 0, 140));
    }

    private IRenderedComponent<AreaChart> Chart(params (int Second, double Value)[] points) =>
        Render<AreaChart>(set =>
            set.Add(
                    chart => chart.Series,
                    [new AreaChart.Line("orders", "red", [.. points.Select(point => (Start.AddSeconds(point.Second), point.Value))])]
                )
                .Add(chart => chart.Start, Start)
                .Add(chart => chart.End, Samples.Noon)
        );
}
