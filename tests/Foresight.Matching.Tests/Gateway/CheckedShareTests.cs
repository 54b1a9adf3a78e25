using System.Security.Cryptography;
using Foresight.Matching.Gateway;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Gateway;

[Trait("Category", "Trust")]
public sealed class CheckedShareTests(ITestOutputHelper output)
{
    [Fact]
    public void WhileACoreIsIdle_EverySignatureIsChecked()
    {
        var share = new CheckedShare(new GivenCores(idle: 1), RandomNumberGenerator.GetInt32);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.All(share.Choose(7, all: false), Assert.True));
    }

    [Fact]
    public void UnderFullLoad_OfAny16InARowOneAtLeastIsChecked_HoweverTheyCome()
    {
        var share = Loaded(RandomNumberGenerator.GetInt32);
        var inARow = 0;
        for (var i = 0; i < 20_000; i++)
            foreach (var chosen in share.Choose(1 + (i % 23), all: false))
            {
                inARow = chosen ? 0 : inARow + 1;
                Assert.True(inARow < CheckedShare.LargestSpacing);
            }
    }

    /// <summary>Else the places after a check would be safe for a forger that knows of it.</summary>
    [Fact]
    public void WhateverWasCheckedBefore_TheNextIsCheckedWithTheSameChance()
    {
        const int Signatures = 1_000_000;
        var seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        output.WriteLine($"seed {seed}");
        var share = Loaded(new Random(seed).Next);
        var (seen, found) = (new int[CheckedShare.LargestSpacing], new int[CheckedShare.LargestSpacing]);
        var since = 0;
        foreach (var chosen in share.Choose(Signatures, all: false))
        {
            seen[since]++;
            found[since] += chosen ? 1 : 0;
            since = chosen ? 0 : since + 1;
        }

        const double Chance = 1.0 / CheckedShare.LargestSpacing;
        for (var i = 0; i < CheckedShare.LargestSpacing - 1; i++)
        {
            // Six standard deviations: a sound share fails once in a hundred million runs.
            var margin = 6 * Math.Sqrt(Chance * (1 - Chance) / seen[i]);
            Assert.True(
                Math.Abs(((double)found[i] / seen[i]) - Chance) < margin,
                $"seed {seed}: {i} after a check, {found[i]} of {seen[i]} were checked"
            );
        }

        Assert.Equal(seen[^1], found[^1]);
    }

    [Fact]
    public void WhileANodeIsOut_EverySignatureIsChecked_WhateverTheLoad()
    {
        var share = new CheckedShare(new GivenCores(idle: 0), RandomNumberGenerator.GetInt32);
        for (var i = 0; i < 16; i++)
            share.Choose(CheckedShare.LargestSpacing, all: false);
        Assert.All(share.Choose(100, all: true), Assert.True);
    }

    [Fact]
    public void WhenTheLoadEnds_EverySignatureIsCheckedAgain()
    {
        var cores = new GivenCores(idle: 0);
        var share = new CheckedShare(cores, RandomNumberGenerator.GetInt32);
        for (var i = 0; i < 16; i++)
            share.Choose(CheckedShare.LargestSpacing, all: false);
        cores.Idle = 1.5;
        for (var i = 0; i < 16; i++)
            share.Choose(CheckedShare.LargestSpacing, all: false);
        Assert.All(share.Choose(100, all: false), Assert.True);
    }

    /// <summary>The share falls with each measurement, so it takes some to reach the fewest.</summary>
    private static CheckedShare Loaded(Func<int, int> choose)
    {
        var share = new CheckedShare(new GivenCores(idle: 0), choose);
        for (var i = 0; i < 16; i++)
            share.Choose(1, all: true);
        return share;
    }
}
