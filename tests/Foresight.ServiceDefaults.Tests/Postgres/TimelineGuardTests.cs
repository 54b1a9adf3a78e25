using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.ServiceDefaults.Tests.Postgres;

public sealed class TimelineGuardTests
{
    private readonly TimelineGuard guard = new(NullLogger<TimelineGuard>.Instance);
    private int raised;

    public TimelineGuardTests() => guard.Raised += () => raised++;

    [Fact]
    public void ThePromotedServer_IsTakenAtOnce_AndTheOldOneRefusedFromThenOn()
    {
        guard.Admit("old", new Timeline(7, 1));
        guard.Admit("old", new Timeline(7, 1));
        Assert.Equal(0, raised);
        guard.Admit("new", new Timeline(7, 2));
        Assert.Equal(1, raised);
        Assert.Throws<TimelineRefusedException>(() => guard.Admit("old", new Timeline(7, 1)));
        guard.Admit("new", new Timeline(7, 2));
        Assert.Equal(new Timeline(7, 2), guard.Newest);
    }

    [Fact]
    public void WhatAnotherNodeSaw_IsEnoughToRefuse_AndNeverEnoughToAccept()
    {
        guard.Hear(new Timeline(7, 3));
        Assert.Null(guard.Newest);
        Assert.Throws<TimelineRefusedException>(() => guard.Admit("old", new Timeline(7, 2)));
        // Its own history says nothing of another database's.
        guard.Admit("another", new Timeline(8, 1));
        Assert.Equal(new Timeline(8, 1), guard.Newest);
    }

    [Fact]
    public void AHintAboutTheDatabaseInUse_MakesEverybodyLetGo()
    {
        guard.Admit("old", new Timeline(7, 1));
        guard.Hear(new Timeline(7, 2));
        Assert.Equal(1, raised);
        guard.Hear(new Timeline(7, 2));
        guard.Hear(new Timeline(9, 5));
        Assert.Equal(1, raised);
    }

    [Fact]
    public void AServerOfAnotherDatabase_IsRefused_HoweverHighItsTimeline()
    {
        guard.Admit("ours", new Timeline(7, 1));
        Assert.Throws<TimelineRefusedException>(() => guard.Admit("theirs", new Timeline(8, 9)));
        Assert.Equal(new Timeline(7, 1), guard.Newest);
    }
}
