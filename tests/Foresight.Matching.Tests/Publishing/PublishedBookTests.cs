using Foresight.Matching.Publishing;
using Foresight.Protocol;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Publishing;

[Trait("Category", "Trust")]
public sealed class PublishedBookTests(ITestOutputHelper output)
{
    private readonly PublishedBook _book = new();

    [Fact]
    public void AfterAnyMessages_TheHashesAreThoseOfTheLevels()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var levels = new Dictionary<(int Outcome, bool IsBid, int Ticks), long>();
        _book.Take(Message(isWhole: true, []));
        for (var number = 0; number < 500; number++)
        {
            var isWhole = random.Next(50) == 0;
            if (isWhole)
                levels.Clear();
            var changes = Enumerable
                .Range(0, random.Next(6))
                .Select(_ => new LevelChange(random.Next(3), random.Next(2) == 0, random.Next(1, 30), random.Next(4)))
                .ToList();
            foreach (var change in changes)
                levels[(change.Outcome, change.IsBid, change.PriceTicks)] = change.Lots;
            _book.Take(Message(isWhole, changes));
            for (var outcome = 0; outcome < 3; outcome++)
                Assert.Equal(HashOf(outcome), outcome < _book.Hashes!.Count ? _book.Hashes[outcome] : 0);
        }

        uint HashOf(int outcome) =>
            levels
                .Where(level => level.Key.Outcome == outcome)
                .Aggregate(0u, (sum, level) => sum + BookHash.OfLevel(level.Key.IsBid, level.Key.Ticks, level.Value));
    }

    [Fact]
    public void WithoutAWholeBook_OrAfterALoss_ThereIsNoHash()
    {
        _book.Take(Message(isWhole: false, [new LevelChange(0, true, 5_000, 1)]));
        Assert.Null(_book.Hashes);
        _book.Take(Message(isWhole: true, [new LevelChange(0, true, 5_000, 1)]));
        Assert.NotNull(_book.Hashes);
        _book.Distrust();
        _book.Take(Message(isWhole: false, [new LevelChange(1, true, 5_000, 1)]));
        Assert.Null(_book.Hashes);
        _book.Take(Message(isWhole: true, []));
        Assert.All(_book.Hashes!, hash => Assert.Equal(0u, hash));
    }

    [Fact]
    public void Levels_ThatDifferInAnything_HaveOtherHashes()
    {
        var hashes = new HashSet<uint>();
        foreach (var isBid in new[] { true, false })
        {
            for (var ticks = 1; ticks <= 100; ticks++)
            {
                for (var lots = 1; lots <= 20; lots++)
                    hashes.Add(BookHash.OfLevel(isBid, ticks, lots));
            }
        }

        // Of 4,000 values of 32 bits two are equal once in 500 such sets. This set is fixed and has none, so a failure means that the hash
        // has changed.
        Assert.Equal(4_000, hashes.Count);
        Assert.Equal(0u, BookHash.OfLevel(isBid: true, 5_000, lots: 0));
    }

    private static DepthMessage Message(bool isWhole, IReadOnlyList<LevelChange> levels) => new(1, 1, 1, 0, isWhole, levels);
}
