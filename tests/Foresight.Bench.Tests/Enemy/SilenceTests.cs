using System.Diagnostics;
using Foresight.Bench.Enemy;

namespace Foresight.Bench.Tests.Enemy;

public sealed class SilenceTests
{
    [Fact]
    public void AMessageOfALaterPosition_EndsTheWait() => Assert.Equal(3, Wait([(10, 1)], [(9, 2), (12, 4)]), precision: 3);

    [Fact]
    public void AMessageThatCameBeforeTheAnswer_IsNoWait() => Assert.Equal(0, Wait([(10, 5)], [(10, 4)]));

    [Fact]
    public void OfSeveralMessagesOfOnePosition_TheEarliestCounts() =>
        Assert.Equal(1, Wait([(10, 1)], [(10, 5), (10, 2), (11, 7)]), precision: 3);

    [Fact]
    public void WhatNeverComes_IsWaitedForEndlessly() => Assert.Equal(double.PositiveInfinity, Wait([(10, 1), (20, 2)], [(15, 2)]));

    [Fact]
    public void TheLongestOfAllWaits_Counts() =>
        Assert.Equal(6, Wait([(10, 1), (11, 2), (12, 20)], [(10, 2), (11, 8), (12, 21)]), precision: 3);

    private static double Wait((long Sequence, int Second)[] events, (long Sequence, int Second)[] received) =>
        Silence.Longest(Timed(events), Timed(received)).Seconds;

    private static List<(long, long)> Timed((long Sequence, int Second)[] seconds) =>
        [.. seconds.Select(one => (one.Sequence, one.Second * Stopwatch.Frequency))];
}
