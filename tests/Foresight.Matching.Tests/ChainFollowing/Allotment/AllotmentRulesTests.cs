using Foresight.Matching.ChainFollowing.Allotment;
using Part = Foresight.Matching.ChainFollowing.Allotment.Allotment;

namespace Foresight.Matching.Tests.ChainFollowing.Allotment;

public sealed class AllotmentRulesTests
{
    [Fact]
    public void ADeposit_IsDividedEqually_AndTheOddUnitsGoHome() =>
        Assert.Equal([new(0, 33), new(1, 33), new(2, 34)], AllotmentRules.Next(100, Parts((0, 0), (0, 0), (0, 0)), home: 2));

    [Fact]
    public void MoreMoney_GoesWhereLeastIsFree() =>
        Assert.Equal([new(0, 40), new(1, 10)], AllotmentRules.Next(200, Parts((50, 40), (50, 10), (50, 0)), home: 1));

    [Fact]
    public void LessMoney_IsTakenFromWhatIsFree_BeforeAnyOrderSuffers() =>
        Assert.Equal([new(1, -30), new(2, -50)], AllotmentRules.Next(70, Parts((50, 50), (50, 20), (50, 0)), home: 0));

    [Fact]
    public void AllMoneyGone_LowersEveryPartToNothing() =>
        Assert.Equal([new(0, -50), new(1, -20)], AllotmentRules.Next(0, Parts((50, 50), (20, 20)), home: 0));

    [Fact]
    public void APartBelowZero_IsMadeUpFor_OnlyOnceTheOthersAreLowered()
    {
        Assert.Equal([new(1, -5)], AllotmentRules.Next(95, Parts((-10, 0), (100, 100)), home: 0));
        Assert.Equal([new(0, 10)], AllotmentRules.Next(95, Parts((-10, 0), (95, 100)), home: 0));
    }

    [Fact]
    public void WhatTheChainSays_IsReached_InTwoSteps_AndTheSumNeverExceedsIt()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var parts = Enumerable
                .Range(0, random.Next(1, 17))
                .Select(shard => new Part(shard, random.NextInt64(-5, 1_000), random.NextInt64(0, 1_200)))
                .ToArray();
            var chain = random.Next(4) == 0 ? 0 : random.NextInt64(0, 20_000);
            var home = random.Next(parts.Length);
            var steps = 0;
            while (AllotmentRules.Next(chain, parts, home) is { Count: > 0 } changes)
            {
                Assert.True(++steps <= 2, $"seed {seed}");
                Assert.True(
                    changes.All(change => change.Units < 0) || changes.All(change => change.Units > 0),
                    $"seed {seed}: lowers and raises in one step"
                );
                // Shards may acknowledge the changes in any order, and in none may the sum exceed the greater of its old value
                // and the chain's.
                var most = Math.Max(chain, parts.Sum(part => part.Owned));
                foreach (var change in changes.OrderBy(_ => random.Next()))
                {
                    parts[change.Shard] = parts[change.Shard] with { Owned = parts[change.Shard].Owned + change.Units };
                    Assert.True(parts.Sum(part => part.Owned) <= most, $"seed {seed}");
                }
            }

            Assert.True(parts.Sum(part => part.Owned) == chain && parts.All(part => part.Owned >= 0), $"seed {seed}");
        }
    }

    [Fact]
    public void WhatIsMissingForAnOrder_IsFetchedFromTheRichest() =>
        Assert.Equal([new(2, -60), new(0, -20)], AllotmentRules.Fetch(to: 1, cost: 90, Parts((30, 0), (20, 10), (80, 20))));

    [Fact]
    public void NothingIsFetched_ForAnOrderThatCanBePaid_OrThatNobodyCouldPay()
    {
        Assert.Empty(AllotmentRules.Fetch(to: 1, cost: 10, Parts((30, 0), (20, 10))));
        Assert.Empty(AllotmentRules.Fetch(to: 1, cost: 41, Parts((30, 0), (20, 10))));
        Assert.Equal([new(0, -30)], AllotmentRules.Fetch(to: 1, cost: 40, Parts((30, 0), (20, 10))));
    }

    private static Part[] Parts(params (long Owned, long Held)[] parts) =>
        [.. parts.Select((part, shard) => new Part(shard, part.Owned, part.Held))];
}
