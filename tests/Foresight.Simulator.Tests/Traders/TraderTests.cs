using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Traders;

public sealed class TraderTests
{
    [Fact]
    public void Seed_GivesTheSameAccounts_AndAnotherSeedOthers()
    {
        var addresses = Trader.FromSeed(1, 3).Select(trader => trader.Address).ToList();
        Assert.Equal(addresses, Trader.FromSeed(1, 3).Select(trader => trader.Address));
        Assert.Equal(3, addresses.Distinct().Count());
        Assert.Empty(addresses.Intersect(Trader.FromSeed(2, 3).Select(trader => trader.Address)));
        Assert.Equal(["trader-1", "trader-2", "trader-3"], Trader.FromSeed(1, 3).Select(trader => trader.Name));
    }

    [Fact]
    public void Salts_NeverRepeat_NotEvenInAnotherRunOfTheSameSeed()
    {
        var first = Trader.FromSeed(1, 1)[0];
        var again = Trader.FromSeed(1, 1)[0];
        var salts = Enumerable.Range(0, 100).SelectMany(_ => new[] { first.NextSalt(), again.NextSalt() }).ToList();
        Assert.Equal(200, salts.Distinct().Count());
        Assert.All(salts, salt => Assert.True(salt.GetBitLength() <= 128));
    }
}
