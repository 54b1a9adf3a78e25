using Bunit;
using Foresight.Console.Live;
using Foresight.Console.Offenders;

namespace Foresight.Console.Tests.Live;

public sealed class AgeTests : ConsoleContext
{
    [Theory]
    [InlineData(0, false, "now")]
    [InlineData(45, false, "45 s ago")]
    [InlineData(45, true, "11:59:15 45 s ago")]
    [InlineData(86_400, true, "3 May 12:00 24 h ago")]
    // Another clock may be ahead of ours, but nothing has happened in the future.
    [InlineData(-30, false, "now")]
    public void AMoment_IsShownByItsAge(int seconds, bool absolute, string expected)
    {
        var shown = Render<Age>(set => set.Add(age => age.At, Samples.Noon.AddSeconds(-seconds)).Add(age => age.Absolute, absolute));
        Assert.Equal(expected, Text(shown));
        Assert.EndsWith("UTC", shown.Find("time").GetAttribute("title"));
    }

    [Fact]
    public void WhatNeverWas_IsSaid()
    {
        Assert.Equal("never", Text(Render<Age>(set => set.Add(age => age.At, null))));
        Assert.Equal("not yet", Text(Render<Age>(set => set.Add(age => age.At, null).Add(age => age.None, "not yet"))));
    }

    [Theory]
    [InlineData(1_200, "20 min")]
    [InlineData(1, "1 s")]
    [InlineData(0, "–")]
    [InlineData(-60, "–")]
    public void ALimit_CountsDown_AndIsGoneAtItsEnd(int seconds, string expected) =>
        Assert.Equal(expected, Text(Render<Until>(set => set.Add(until => until.At, Samples.Noon.AddSeconds(seconds)))));

    [Fact]
    public void WithoutALimit_ThereIsNone() => Assert.Equal("–", Text(Render<Until>(set => set.Add(until => until.At, null))));
}
