namespace Foresight.Bench.Settle;

/// <param name="What">One line of the help and the report.</param>
/// <param name="ActAsync">While no block is made and all trades are on their way; the next block has its transactions first.</param>
internal sealed record Adversary(string Name, string What, Func<Round, Task> ActAsync)
{
    /// <summary>What makes the makers able to trade again.</summary>
    public Func<Round, Task> UndoAsync { get; init; } = _ => Task.CompletedTask;

    /// <summary>Soft trades wait for that, so it is not put off until they are at their end.</summary>
    public bool HoldsSoftTrades { get; init; }

    /// <summary>Its rounds are of two markets that end with the first one.</summary>
    public bool EndsItsMarkets { get; init; }

    /// <summary>Its rounds are of the crowds of contract wallets.</summary>
    public bool OfContractWallets { get; init; }

    /// <summary>At least so many rounds, each with its share of the trades.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>The number of the round, and of its trades, instead of the usual course.</summary>
    public Func<Adversary, Round, int, int, Task> CourseAsync { get; init; } = UsualAsync;

    private static async Task UsualAsync(Adversary adversary, Round round, int number, int trades)
    {
        await round.Stack.HoldAsync();
        await round.MatchAsync(trades);
        await round.OnTheWayAsync();
        await adversary.ActAsync(round);
        await round.Stack.ReleaseAsync();
    }
}
