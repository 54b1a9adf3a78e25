using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.ServiceDefaults.Tests.Postgres;

public sealed class TimelineGuardTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly HandMovedTime _time = new();
    private readonly TimelineGuard _guard;
    private int _raised;

    public TimelineGuardTests()
    {
        _guard = new TimelineGuard(_time, NullLogger<TimelineGuard>.Instance);
        _guard.Raised += () => _raised++;
    }

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
        // The history of one database must not be judged by another's.
        _guard.Admit("another", new Timeline(8, 1));
        Assert.Equal(new Timeline(8, 1), _guard.Newest);
    }

    [Fact]
    public void AHintAboutTheDatabaseInUse_MakesEverybodyLetGo_WhenAServerThatMayBeOnItIsSilent()
    {
        _guard.Admit("old", new Timeline(7, 1));
        _guard.Hear(new Timeline(7, 2));
        Assert.Equal(0, _raised);
        _guard.Surveyed(everyServerAnswered: false);
        Assert.Equal(1, _raised);
        Assert.Throws<TimelineRefusedException>(() => _guard.Admit("old", new Timeline(7, 1)));
        _guard.Hear(new Timeline(7, 2));
        _guard.Hear(new Timeline(9, 5));
        _guard.Surveyed(everyServerAnswered: false);
        Assert.Equal(1, _raised);

        // For as long as it is silent, because it may have been promoted.
        _time.Passed += TimeSpan.FromDays(1);
        _guard.Surveyed(everyServerAnswered: false);
        Assert.Throws<TimelineRefusedException>(() => _guard.Admit("old", new Timeline(7, 1)));
        _guard.Admit("new", new Timeline(7, 2));
        Assert.Equal(1, _raised);
    }

    /// <summary>With the secret and a password of Redis anybody can sign the next number, and the next, and so on.</summary>
    [Trait("Category", "Trust")]
    [Fact]
    public void NumbersThatNoServerHas_HoweverMany_StopNoNodeWhoseServersAllAnswer()
    {
        _guard.Admit("ours", new Timeline(7, 1));
        for (uint number = 2; number < 20_000; number++, _time.Passed += Second)
        {
            _guard.Hear(new Timeline(7, number));
            _guard.Admit("ours", new Timeline(7, 1));
            _guard.Surveyed(everyServerAnswered: true);
        }

        Assert.Equal((0, new Timeline(7, 1)), (_raised, _guard.Newest!.Value));
    }

    /// <summary>Each silence of a server lets one claim through, so they are heard ever more seldom.</summary>
    [Trait("Category", "Trust")]
    [Fact]
    public void WhileAServerStuttersAndNumbersGoOn_NodesAreStoppedEverMoreSeldom()
    {
        _guard.Admit("ours", new Timeline(7, 1));
        const uint Day = 86_400;
        var refusedSeconds = 0;
        for (uint second = 0; second < Day; second++, _time.Passed += Second)
        {
            _guard.Hear(new Timeline(7, 2 + second));
            try
            {
                _guard.Admit("ours", new Timeline(7, 1));
            }
            catch (TimelineRefusedException)
            {
                refusedSeconds++;
            }

            _guard.Surveyed(everyServerAnswered: second % 30 != 0);
        }

        // After 1, 2, 4, 8, 16, 32 minutes and then each hour, each time until the servers have answered for ten seconds.
        Assert.InRange(refusedSeconds, 1, 30 * 45);
        Assert.InRange(_raised, 1, 30);
    }

    [Trait("Category", "Trust")]
    [Fact]
    public void ANodeThatStarts_WaitsOnceForTheServersToContradict_AndNotForEveryFurtherNumber()
    {
        uint number = 5;
        TimeSpan? started = null;
        for (; started is null && _time.Passed < TimeSpan.FromMinutes(5); _time.Passed += Second)
        {
            // Before each look of the node there is a higher one.
            _guard.Hear(new Timeline(7, ++number));
            try
            {
                _guard.Admit("ours", new Timeline(7, 1));
                started = _time.Passed;
            }
            catch (TimelineRefusedException)
            {
                _guard.Surveyed(everyServerAnswered: true);
                _guard.Hear(new Timeline(7, ++number));
            }
        }

        Assert.InRange(started!.Value, TimelineGuard.ForgetsAfter, TimelineGuard.ForgetsAfter + Second);
    }

    [Fact]
    public void WhoeverWasDeceived_StillFollowsAPromotion_AndHearsOfOneAgainLater()
    {
        _guard.Admit("old", new Timeline(7, 1));
        _guard.Hear(new Timeline(7, 9));
        _guard.Surveyed(everyServerAnswered: true);
        _time.Passed += TimelineGuard.ForgetsAfter;
        _guard.Surveyed(everyServerAnswered: true);
        Assert.False(_guard.Hear(new Timeline(7, 9)));
        Assert.False(_guard.Hear(new Timeline(7, 10)));

        _guard.Admit("new", new Timeline(7, 2));
        Assert.Equal(1, _raised);
        Assert.Throws<TimelineRefusedException>(() => _guard.Admit("old", new Timeline(7, 1)));

        _time.Passed += TimelineGuard.FirstDeafness;
        Assert.False(_guard.Hear(new Timeline(7, 9)));
        Assert.True(_guard.Hear(new Timeline(7, 10)));
        _guard.Surveyed(everyServerAnswered: false);
        Assert.Throws<TimelineRefusedException>(() => _guard.Admit("new", new Timeline(7, 2)));
    }

    [Fact]
    public void AServerOfAnotherDatabase_IsRefused_HoweverHighItsTimeline()
    {
        _guard.Admit("ours", new Timeline(7, 1));
        Assert.Throws<TimelineRefusedException>(() => _guard.Admit("theirs", new Timeline(8, 9)));
        Assert.Equal(new Timeline(7, 1), _guard.Newest);
    }
}
