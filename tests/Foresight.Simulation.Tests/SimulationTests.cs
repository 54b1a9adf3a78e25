using System.Collections.Concurrent;
using Foresight.Simulation.Mutants;
using Xunit.Abstractions;

namespace Foresight.Simulation.Tests;

/// <summary>
/// Each failure names its seed: <c>simulate --from SEED --seeds 1 --trace</c> of bench/Foresight.Bench repeats that life. The verb also
/// runs many more seeds, for which a test run has no time.
/// </summary>
[Trait("Category", "Trust")]
public sealed class SimulationTests(ITestOutputHelper output)
{
    /// <summary>Few, because every test run waits for them: about a sixth of a second each on one core, without optimisation.</summary>
    private const int Seeds = 40;

    /// <summary>Enough for every mutant but the rare one; the first seed that catches a mutant ends its search.</summary>
    private const int SeedsOfAMutant = 300;

    /// <summary>Caught by one seed in a hundred, so its search is left to the verb <c>simulate</c>.</summary>
    private const string Rare = "fence-apart";

    public static TheoryData<string> Mutants => [.. MutantNames.All.Where(mutant => mutant != Rare)];

    [Fact]
    public void InEveryLife_WhatMustHoldHolds() => Assert.Null(FirstBroken(Seeds, mutant: null));

    /// <summary>
    /// Seeds beyond the first that have found a defect. Whatever they turn into, the defect has its own test: 657 is that of
    /// <c>LeaderSilenceTests</c>.
    /// </summary>
    [Theory]
    [InlineData(657)]
    public void InALifeThatFoundADefect_WhatMustHoldHolds(ulong seed) => Assert.Null(Simulation.Run(seed).Violation);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(53)]
    public void ASeed_GivesTheSameLifeTwice(ulong seed)
    {
        var (first, second) = (Simulation.Run(seed), Simulation.Run(seed));
        Assert.Equal(first.TraceHash, second.TraceHash);
        Assert.Equal(first.Steps, second.Steps);
        Assert.Equal(first.LastLines, second.LastLines);
    }

    [Fact]
    public void TwoSeeds_GiveTwoLives() => Assert.NotEqual(Simulation.Run(1).TraceHash, Simulation.Run(2).TraceHash);

    [Fact]
    public void ALife_HasCommandsTermsAndFaults()
    {
        var lives = Enumerable.Range(1, 8).Select(seed => Simulation.Run((ulong)seed)).ToList();
        Assert.True(lives.Sum(life => life.Commands) > 8 * 100, "a life has a few hundred commands");
        Assert.True(lives.Sum(life => life.Terms) > 8 * 2, "a life has several leaders");
        Assert.True(lives.Sum(life => life.Faults) > 8 * 5, "a life has several faults");
    }

    [Theory]
    [MemberData(nameof(Mutants))]
    public void AWrongBehaviour_IsCaught(string mutant)
    {
        var caught = FirstBroken(SeedsOfAMutant, mutant);
        Assert.NotNull(caught);
        // The same life without it must be sound, or a defect of the code itself would catch every mutant.
        Assert.Null(Simulation.Run(caught.Seed).Violation);
    }

    private Outcome? FirstBroken(int seeds, string? mutant)
    {
        var broken = new ConcurrentBag<Outcome>();
        Parallel.For(
            1,
            seeds + 1,
            (seed, loop) =>
            {
                var life = Simulation.Run((ulong)seed, mutant);
                if (life.Violation is null)
                    return;
                broken.Add(life);
                loop.Stop();
            }
        );
        if (broken.MinBy(life => life.Seed) is not { } first)
            return null;
        // By another rule than the one it breaks, a mutant may be caught by chance.
        output.WriteLine($"seed {first.Seed}: {first.Violation}");
        return first;
    }
}
