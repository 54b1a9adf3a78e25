using System.Buffers;
using Foresight.Exchange.Tests.Books;
using Foresight.Exchange.Tests.Reference;
using Foresight.Exchange.Tests.Support;
using Xunit.Abstractions;

namespace Foresight.Exchange.Tests.Random;

/// <summary>
/// The engine against the obvious exchange: the same random commands, the same events in the same order, the same balances and depths. Each
/// stream is named by its seed, and a failure names the command.
/// </summary>
public sealed class DifferentialTests(ITestOutputHelper output)
{
    /// <summary>How often the whole state is compared, and a snapshot taken; a prime, so that it falls on every kind of moment.</summary>
    private const int WholeEvery = 97;

    private static readonly int CommandsPerSeed = int.Parse(Environment.GetEnvironmentVariable("FORESIGHT_RANDOM_COMMANDS") ?? "130000");

    public static TheoryData<ulong, RandomProfile> Streams => new()
    {
        { 1, new RandomProfile(2, 2, Accounts: 6, OpenMarkets: 1, LiveOrders: 30, Span: 6) },
        { 2, new RandomProfile(2, 2, Accounts: 12, OpenMarkets: 3, LiveOrders: 60, Span: 12) },
        { 3, new RandomProfile(2, 2, Accounts: 4, OpenMarkets: 2, LiveOrders: 40, Span: 60) },
        { 4, new RandomProfile(3, 3, Accounts: 6, OpenMarkets: 1, LiveOrders: 30, Span: 4) },
        { 5, new RandomProfile(3, 8, Accounts: 8, OpenMarkets: 3, LiveOrders: 70, Span: 5) },
        { 6, new RandomProfile(4, 5, Accounts: 5, OpenMarkets: 1, LiveOrders: 40, Span: 3) },
        { 7, new RandomProfile(8, 8, Accounts: 8, OpenMarkets: 1, LiveOrders: 50, Span: 3) },
        { 8, new RandomProfile(2, 8, Accounts: 10, OpenMarkets: 4, LiveOrders: 80, Span: 8) },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public void RandomCommands_LeadToWhatTheObviousExchangeSays(ulong seed, RandomProfile profile)
    {
        var shard = seed % 2 == 0 ? 0 : 40_000;
        var reference = new ReferenceExchange(shard);
        var engine = new ExchangeEngine(shard);
        var replayed = engine;
        var random = new RandomCommands(seed, profile, reference, shard);
        var events = new RecordedEvents();
        var ignored = new RecordedEvents();
        var statistics = new StreamStatistics();
        var ledger = new LedgerCheck();
        for (var i = 1; i <= CommandsPerSeed; i++)
        {
            var command = random.Next();
            events.Clear();
            ignored.Clear();
            reference.Apply(command);
            engine.Apply(command, ref events);
            if (!ReferenceEquals(replayed, engine))
                replayed.Apply(command, ref ignored);
            if (!reference.Events.SequenceEqual(events.Events))
                Assert.Fail(Difference(seed, command, reference.Events, events.Events));
            statistics.Count(command, events.Events);

            ledger.Check(command, engine, events);
            foreach (var (account, market, outcome) in events.Touched)
                RequireEqualBalance(seed, command, reference, engine, account, market, outcome);
            if (i % WholeEvery != 0)
                continue;
            CompareWhole(seed, command, reference, engine);
            // The engine that came out of the last snapshot has seen the commands since then; it must have arrived at the same state.
            Assert.Equal(engine.StateHash(), replayed.StateHash());
            if (i % (WholeEvery * 10) == 0)
                replayed = Restored(engine);
        }

        foreach (var (account, market, outcome) in reference.Assets)
            RequireEqualBalance(seed, default, reference, engine, account, market, outcome);
        output.WriteLine($"seed {seed}: {CommandsPerSeed:n0} commands, {statistics}");
        // A short run, as the mutants are tried with, need not have met everything.
        if (CommandsPerSeed >= 20_000)
            statistics.RequireVariety(hasSets: profile.MaxOutcomes > 2);
    }

    private static ExchangeEngine Restored(ExchangeEngine engine)
    {
        var buffer = new ArrayBufferWriter<byte>();
        engine.WriteSnapshot(buffer);
        var restored = ExchangeEngine.Restore(buffer.WrittenSpan);
        Assert.Equal(engine.StateHash(), restored.StateHash());
        var again = new ArrayBufferWriter<byte>();
        restored.WriteSnapshot(again);
        Assert.True(buffer.WrittenSpan.SequenceEqual(again.WrittenSpan), "a snapshot of a restored engine is the same bytes");
        return restored;
    }

    private static void CompareWhole(ulong seed, in Command command, ReferenceExchange reference, ExchangeEngine engine)
    {
        BookStructure.Check(engine);
        foreach (var (account, market, outcome) in reference.Assets.Where(asset => reference.IsTradable(asset.Market)))
            RequireEqualBalance(seed, command, reference, engine, account, market, outcome);
        Assert.Equal(reference.OpenOrders.Count(), engine.OpenOrders);
        Assert.Equal(reference.Trades.Count, engine.UnsettledTrades);
        var levels = new DepthLevel[200];
        foreach (var market in reference.Markets.Values.Where(one => reference.IsTradable(one.Id)))
        {
            for (byte outcome = 0; outcome < market.Outcomes; outcome++)
            {
                foreach (var side in (ReadOnlySpan<Side>)[Side.Buy, Side.Sell])
                {
                    var count = engine.Depth(new MarketId(market.Id), outcome, side, levels);
                    Assert.Equal(reference.Depth(market.Id, outcome, side), levels[..count]);
                    foreach (var level in levels.AsSpan(0, count))
                        Assert.Equal(level.Quantity, engine.LevelQuantity(new MarketId(market.Id), outcome, side, level.Price));
                }
            }
        }
    }

    private static void RequireEqualBalance(
        ulong seed, in Command command, ReferenceExchange reference, ExchangeEngine engine, int account, int market, byte outcome)
    {
        var expected = reference.Balance(account, market, outcome);
        var actual = engine.Balance(new AccountId(account), new MarketId(market), outcome);
        if (expected != actual)
            Assert.Fail(
                $"seed {seed}, {command}: account {account} market {market} outcome {outcome} should hold {expected}, holds {actual}");
    }

    private static string Difference(ulong seed, in Command command, List<object> expected, List<object> actual)
        => $"seed {seed}, {command}\nexpected:\n  {string.Join("\n  ", expected)}\nactual:\n  {string.Join("\n  ", actual)}";
}
