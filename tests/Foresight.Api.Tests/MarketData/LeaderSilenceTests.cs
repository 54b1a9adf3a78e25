using Foresight.Api.MarketData;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.Api.Tests.MarketData;

[Trait("Category", "Trust")]
public sealed class LeaderSilenceTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly LeaderSilence _silence;

    public LeaderSilenceTests() => _silence = new LeaderSilence(_clock);

    [Fact]
    public void WhileTheLeaderIsHeard_NothingIsMissing()
    {
        for (var sequence = 0; sequence < 100; sequence += 10)
        {
            Assert.False(EndsIn(0, sequence));
            HearFor(3);
        }

        Assert.False(_silence.IsReading);
    }

    [Fact]
    public void WhileItIsNot_WhatTheJournalGains_IsReadOnceEach()
    {
        Assert.False(EndsIn(0, 10));
        HearFor(3);
        Assert.False(EndsIn(0, 20));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(EndsIn(0, 21));
        Assert.True(_silence.IsReading);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(EndsIn(0, 21));
        Assert.True(_silence.IsReading);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(EndsIn(0, 22));
        HearFor(3);
        Assert.False(EndsIn(0, 22));
        Assert.False(_silence.IsReading);
    }

    /// <summary>A node started while Redis delivered nothing, and a command was committed before its first look at the journal.</summary>
    [Fact]
    public void BeforeTheLeaderIsEverHeard_TheJournalIsReadOnce()
    {
        Assert.False(EndsIn(0, 10));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(EndsIn(0, 10));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(EndsIn(0, 10));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(EndsIn(0, 11));
    }

    /// <summary>The leader died, and the last command that it committed may not have been published.</summary>
    [Fact]
    public void WhatWasCommittedRightBeforeTheSilence_IsReadToo()
    {
        Assert.False(EndsIn(0, 10));
        HearFor(3);
        Assert.False(EndsIn(0, 20));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(EndsIn(0, 20));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(EndsIn(0, 20));
    }

    [Fact]
    public void WithoutNewCommits_ASilenceMissesNothing()
    {
        Assert.False(EndsIn(0, 10));
        HearFor(3);
        Assert.False(EndsIn(0, 10));
        HearFor(3);
        Assert.False(EndsIn(0, 10));
        for (var times = 0; times < 5; times++)
        {
            _clock.Advance(TimeSpan.FromSeconds(3));
            Assert.False(EndsIn(0, 10));
        }
    }

    [Fact]
    public void AShardIsReadByItself_AndAfterLostMessagesAllAre()
    {
        Assert.False(EndsIn(0, 10));
        Assert.False(EndsIn(1, 10));
        for (var second = 0; second < 4; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            _silence.Hear(0);
        }

        Assert.False(EndsIn(0, 11));
        Assert.True(EndsIn(1, 11));
        HearFor(2);
        _silence.MissMessages();
        Assert.True(EndsIn(0, 11));
        Assert.True(EndsIn(1, 11));
        Assert.False(EndsIn(0, 11));
    }

    /// <summary>
    /// A promotion lost the rows that were delivered, and the next leader writes on from where the journal ends now, with a clock at which
    /// none of its messages is believed.
    /// </summary>
    [Fact]
    public void WhatFollowsOnLostRows_IsRead_ThoughTheJournalOnceEndedLater()
    {
        Assert.False(EndsIn(0, 282));
        HearFor(3);
        Assert.False(EndsIn(0, 282));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(EndsIn(0, 3));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(EndsIn(0, 3));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(EndsIn(0, 7));
    }

    /// <summary>As above, and a leader between the two was heard.</summary>
    [Fact]
    public void ALeaderWhoIsHeardAfterTheLoss_LowersWhatCountsAsDelivered()
    {
        Assert.False(EndsIn(0, 282));
        HearFor(3);
        Assert.False(EndsIn(0, 282));
        HearFor(3);
        Assert.False(EndsIn(0, 3));
        HearFor(3);
        Assert.False(EndsIn(0, 5));
        HearFor(1);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(EndsIn(0, 7));
    }

    /// <summary>As many rows as were lost have been written in their place.</summary>
    [Fact]
    public void TheSamePositionOfAnotherTerm_IsReadToo()
    {
        Assert.False(EndsIn(0, 10));
        HearFor(3);
        Assert.False(EndsIn(0, 10));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(EndsIn(0, 10, epoch: 2));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(EndsIn(0, 10, epoch: 2));
    }

    private bool EndsIn(int shard, long sequence, long epoch = 1) => _silence.EndsIn(shard, (epoch, sequence));

    private void HearFor(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            _silence.Hear(0);
            _silence.Hear(1);
        }
    }
}
