using Bunit;
using Foresight.Console.Live;

namespace Foresight.Console.Tests.Live;

public sealed class TimesTests : ConsoleContext
{
    private static readonly DateTimeOffset Noon = Samples.Noon;

    private readonly Times _times = new();

    [Fact]
    public void WithoutAChoice_TimesAreUtc_WhateverTheOffsetTheyCameWith()
    {
        var at = new DateTimeOffset(2026, 5, 4, 2, 30, 15, 250, TimeSpan.FromHours(5));
        Assert.Equal("21:30:15", _times.Clock(at));
        Assert.Equal("2026-05-03 21:30:15.250 UTC", _times.Full(at));
        Assert.True(_times.IsUtc);
    }

    [Theory]
    [InlineData("Europe/Berlin", "14:00:00 UTC+2")]
    [InlineData("Asia/Kolkata", "17:30:00 UTC+5:30")]
    [InlineData("America/St_Johns", "09:30:00 UTC-2:30")]
    [InlineData("Etc/GMT+12", "00:00:00 UTC-12")]
    [InlineData("Africa/Abidjan", "12:00:00 UTC")]
    public void ChosenZone_IsNamedByItsOffset(string zone, string expected)
    {
        _times.Use(zone);
        Assert.Equal(expected, _times.ClockAndZone(Noon));
    }

    [Fact]
    public void Offset_IsThatOfTheTime_NotOfToday()
    {
        _times.Use("Europe/Berlin");
        Assert.Equal("2026-01-04 13:00:00.000 UTC+1", _times.Full(new DateTimeOffset(2026, 1, 4, 12, 0, 0, TimeSpan.Zero)));
    }

    [Fact]
    public void Moment_HasAsMuchOfTheDateAsIsNeededToTell()
    {
        Assert.Equal("11:59:59", _times.Moment(Noon.AddSeconds(-1), Noon));
        Assert.Equal("3 May 23:59", _times.Moment(Noon.AddHours(-12).AddSeconds(-1), Noon));
        Assert.Equal("31 Dec 2025", _times.Moment(new DateTimeOffset(2025, 12, 31, 23, 59, 0, TimeSpan.Zero), Noon));
        Assert.Equal("4 May 2025", _times.Moment(Noon.AddYears(-1), Noon));
    }

    [Fact]
    public void Today_IsThatOfTheZone()
    {
        _times.Use("Pacific/Auckland");
        Assert.Equal("00:30:00", _times.Moment(Noon.AddMinutes(30), Noon.AddMinutes(31)));
        Assert.Equal("4 May 23:59", _times.Moment(Noon.AddMinutes(-1), Noon.AddMinutes(1)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Nowhere/Town")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/localtime")]
    [InlineData("Europe/../Europe/Berlin")]
    [InlineData("Europe/Berlin\n")]
    [InlineData("A/B/C/D")]
    public void NameThatIsNoZone_IsUtc(string? name)
    {
        Assert.Null(Times.Find(name));
        _times.Use("Europe/Berlin");
        _times.Use(name);
        Assert.True(_times.IsUtc);
    }

    [Fact]
    public void EveryPart_WritesTheChosenZone()
    {
        ChooseZone("Europe/Berlin");
        var value = new LiveValue<string>();
        value.Fail("no answer", Noon);
        Assert.Equal("stale since 14:00:00 UTC+2, never read", Text(Render<StaleMark>(set => set.Add(mark => mark.Of, value))));

        var age = Render<Age>(set => set.Add(shown => shown.At, Noon).Add(shown => shown.Absolute, true));
        Assert.Equal("14:00:00 now", Text(age));
        Assert.Equal("2026-05-04 14:00:00.000 UTC+2", age.Find("time").GetAttribute("title"));
    }
}
