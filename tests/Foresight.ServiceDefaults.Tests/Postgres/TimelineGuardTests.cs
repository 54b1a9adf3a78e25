using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.ServiceDefaults.Tests.Postgres;

public sealed class TimelineGuardTests
{
    private readonly TimelineGuard _guard = new(NullLogger<TimelineGuard>.Instance);
    private int _raised;

    public TimelineGuardTests() => _guard.Raised += () => _raised++;

    [Fact]
    public void ThePromotedServer_IsTakenAtOnce_AndTheOldOneRefusedFromThenOn()
    {
        _guard.Admit("old", new Timeline(7, 1));
        _guard.Admit("old", new Timeline(7, 1));
        Assert.Equal(0, _raised);
        _guard.Admit("new", new Timeline(7, 2));
        Assert.Equal(1, _raised);
        Assert.Throws<TimelineRefusedException>(() => _guard.Admit("old", new Timeline(7, 1)));
        _guard.Admit("new", new Timeline(7, 2));
        Assert.Equal(new Timeline(7, 2), _guard.Newest);
    }

    [Fact]
    public void WhatAnotherNodeSaw_IsEnoughToRefuse_AndNeverEnoughToAccept()
    {
        _guard.Hear(new Timeline(7, 3));
        Assert.Null(_guard.Newest);
        Assert.Throws<TimelineRefusedException>(() => _guard.Admit("old", new Timeline(7, 2)));
        // The history of one database says nothing about another's.
        _guard.Admit("another", new Timeline(8, 1));
        Assert.Equal(new Timeline(8, 1), _guard.Newest);
    }

    [Fact]
    public void AHintAboutTheDatabaseInUse_MakesEverybodyLetGo()
    {
        _guard.Admit("old", new Timeline(7, 1));
        _guard.Hear(new Timeline(7, 2));
        Assert.Equal(1, _raised);
        _guard.Hear(new Timeline(7, 2));
        _guard.Hear(new Timeline(9, 5));
        Assert.Equal(1, _raised);
    }

    [Fact]
    public void AServerOfAnotherDatabase_IsRefused_HoweverHighItsTimeline()
    {
        _guard.Admit("ours", new Timeline(7, 1));
        Assert.Throws<TimelineRefusedException>(() => _guard.Admit("theirs", new Timeline(8, 9)));
        Assert.Equal(new Timeline(7, 1), _guard.Newest);
    }
}
