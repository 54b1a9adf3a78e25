using Bunit;
using Foresight.Console.Live;

namespace Foresight.Console.Tests.Live;

public sealed class EnteredTests : ConsoleContext
{
    private static readonly (string, string)[] Severities = [("low", "low"), ("high", "high"), ("critical", "critical")];

    [Fact]
    public void AnswerToTheChoiceBefore_DoesNotUndoTheNext()
    {
        var heard = new List<string?>();
        var choice = Severity(null, heard.Add);
        choice.Find("select").Change("high");
        Assert.Equal("high", Shown(choice));
        choice.Find("select").Change("critical");
        Give(choice, "high");
        Assert.Equal("critical", Shown(choice));
        Give(choice, "critical");
        Assert.Equal("critical", Shown(choice));
        Assert.Equal(["high", "critical"], heard);
        Give(choice, "low");
        Assert.Equal("low", Shown(choice));
    }

    [Fact]
    public void ThereAndBack_EndsWhereTheReaderIs()
    {
        var choice = Severity("low");
        foreach (var value in new[] { "high", "low", "high", "" })
            choice.Find("select").Change(value);
        foreach (var value in new[] { "high", "low", "high" })
        {
            Give(choice, value);
            Assert.Equal("", Shown(choice));
        }

        Give(choice, null);
        Give(choice, "high");
        Assert.Equal("high", Shown(choice));
    }

    [Fact]
    public void ALinksValue_WinsOverWhatIsUnderWay()
    {
        var choice = Severity(null);
        choice.Find("select").Change("high");
        Give(choice, "low");
        Assert.Equal("low", Shown(choice));
        Give(choice, null);
        Assert.Equal("", Shown(choice));
    }

    [Fact]
    public void ATextIsTrimmed_AndNotDrawnAgain()
    {
        var heard = new List<string?>();
        var field = Render<FilterField>(parameters =>
            parameters.Add(one => one.Label, "Text").Add(one => one.Changed, heard.Add).Add(one => one.TestId, "text")
        );
        field.Find("input").Change("  one ");
        field.Find("input").Change("two");
        field.Render(parameters => parameters.Add(one => one.Value, "one"));
        Assert.Equal("two", field.Find("input").GetAttribute("value"));
        field.Find("input").Change("   ");
        Assert.Equal(["one", "two", null], heard);
        Assert.Equal("", field.Find("input").GetAttribute("value") ?? "");
    }

    [Fact]
    public void WhatIsNeverAnswered_IsBounded_AndTheLastIsShown()
    {
        var entered = new Entered();
        for (var i = 0; i < 3 * Entered.Most; i++)
            entered.Enter($"{i}");
        Assert.Equal($"{3 * Entered.Most - 1}", entered.Shown);
        entered.Give("0");
        Assert.Equal("0", entered.Shown);
    }

    private IRenderedComponent<Choice> Severity(string? value, Action<string?>? changed = null) =>
        Render<Choice>(parameters =>
            parameters
                .Add(one => one.Label, "Severity")
                .Add(one => one.Any, "Any severity")
                .Add(one => one.Options, Severities)
                .Add(one => one.Value, value)
                .Add(one => one.Changed, changed ?? (_ => { }))
        );

    private static void Give(IRenderedComponent<Choice> choice, string? value) =>
        choice.Render(parameters => parameters.Add(one => one.Value, value));

    private static string Shown(IRenderedComponent<Choice> choice) => choice.Find("select").GetAttribute("value") ?? "";
}
