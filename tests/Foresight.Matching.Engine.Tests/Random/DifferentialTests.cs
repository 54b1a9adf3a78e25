using System.Globalization;
using Foresight.Matching.Engine.Tests.Books;
using Foresight.Matching.Engine.Tests.Reference;
using Foresight.Matching.Engine.Tests.Support;
using Xunit.Abstractions;

namespace Foresight.Matching.Engine.Tests.Random;

/// <summary>
/// The engine and the reference exchange share no rules, so an error in one shows as a difference of events, balances or depths. A second
/// engine, fed from the journal's encoding and sometimes restored from a snapshot, must give the same too.
/// </summary>
public abstract class DifferentialTests(ITestOutputHelper output)
{
    /// <summary>A full check of books and hashes after each command is too slow for more than the start of a stream.</summary>
    private const int WholeAtFirst = 10_000;

    /// <summary>A prime, so that the full checks do not follow any period of the stream.</summary>
    private const int WholeEvery = 97;

    private const int SnapshotEvery = WholeEvery * 10;

    private static readonly int CommandsPerSeed = Number("FORESIGHT_RANDOM_COMMANDS") ?? 130_000;

    /// <summary>Added to the seeds below, so that another number gives other streams.</summary>
    private static readonly int FirstSeed = Number("FORESIGHT_RANDOM_SEED") ?? 0;

    /// <summary>Each kind of market is a test class, so that the kinds run in parallel.</summary>
    protected void Compare(ulong seed, RandomProfile profile)
    {
        seed += (ulong)FirstSeed;
        var shard = seed % 2 == 0 ? 0 : 40_000;
        var reference = new ReferenceExchange(shard);
        var engine = new ExchangeEngine(shard);
        var replay = new Replay(shard);
        var random = new RandomCommands(seed, profile, reference, shard);
        var events = new RecordedEvents();
        var statistics = new StreamStatistics();
        var ledger = new LedgerCheck();
        Command command = default;
        try
        {
            for (var i = 1; i <= CommandsPerSeed; i++)
            {
                command = random.Next();
                events.Clear();
                reference.Apply(command);
                var foretold = Foretold(engine, command);
                var meets = MeetsOrder(engine, command);
                engine.Apply(command, ref events);
                RequireForetold(foretold, events);
                if (meets is { } met)
                    Assert.Equal(met, !events.Events.OfType<CommandRejected>().Any());
                if (!reference.Events.SequenceEqual(events.Events))
                    Assert.Fail(Difference(reference.Events, events.Events));
                statistics.Count(command, events.Events);
                replay.Apply(command, events);
                ledger.Check(command, engine, events);
                foreach (var asset in events.Touched)
                    RequireEqualBalance(reference, engine, asset);
                var isWhole = i % WholeEvery == 0;
                if (isWhole || i <= WholeAtFirst)
                {
                    BookStructure.Check(engine, emptyLevels: isWhole);
                    replay.RequireStateOf(engine);
                }

                if (isWhole)
                    CompareWhole(reference, engine);
                if (i % SnapshotEvery == 0)
                    replay.RestoreFrom(engine);
            }

            foreach (var asset in reference.Assets)
                RequireEqualBalance(reference, engine, asset);
        }
        catch
        {
            output.WriteLine($"failed at seed {seed}, {command}");
            throw;
        }

        output.WriteLine($"seed {seed}: {CommandsPerSeed:n0} commands, {statistics}");
        // Only for full runs, because those shortened for the mutants may not have produced every event.
        if (CommandsPerSeed >= 20_000)
            statistics.RequireVariety(hasSets: profile.MaxOutcomes > 2);
    }

    /// <summary>Null if the engine foretells nothing, because only the book decides about the command.</summary>
    private static RejectReason? Foretold(ExchangeEngine engine, in Command command) =>
        command.Kind == CommandKind.PlaceOrder && !engine.HasExpiriesDue(command.AcceptedAtMicros) ? engine.CheckPlace(command) : null;

    /// <summary>True if the engine reports that a cancel by salt meets an order; null if it reports nothing about this command.</summary>
    private static bool? MeetsOrder(ExchangeEngine engine, in Command command) =>
        command.Kind == CommandKind.CancelBySalt && !engine.HasExpiriesDue(command.AcceptedAtMicros)
            ? engine.HasOrderOfSalt(command.Account, command.Market, command.SaltTag)
            : null;

    private static void RequireForetold(RejectReason? foretold, in RecordedEvents events)
    {
        if (foretold is not { } reason)
            return;
        var refused = events.Events.OfType<CommandRejected>().Select(e => e.Reason).FirstOrDefault();
        var isOfBook =
            refused is RejectReason.WouldCross or RejectReason.WouldNotFill or RejectReason.SelfTrade or RejectReason.SettlementBacklog;
        // Of the two, the book's refusal has the lower number, and leaves a trace that the other spares the journal.
        if (isOfBook && reason is RejectReason.FirmUnavailable or RejectReason.FirmRequired)
            return;
        Assert.Equal(isOfBook ? RejectReason.None : refused, reason);
    }

    private static void CompareWhole(ReferenceExchange reference, ExchangeEngine engine)
    {
        foreach (var asset in reference.Assets.Where(asset => reference.IsTradable(asset.Market)))
            RequireEqualBalance(reference, engine, asset);
        Assert.Equal(reference.OpenOrders.Count(), engine.OpenOrders);
        Assert.Equal(reference.Trades.Count, engine.UnsettledTrades);
        Assert.Equal(reference.FirmTrades, engine.UnsettledFirmTrades);
        Assert.Equal(reference.Withdrawals.Count, engine.OpenWithdrawals);
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
                    {
                        Assert.Equal(level.Quantity, engine.LevelQuantity(new MarketId(market.Id), outcome, side, level.Price));
                        Assert.Equal(
                            reference.FirmLots(market.Id, outcome, side, level.Price.Ticks),
                            engine.FirmQuantity(new MarketId(market.Id), outcome, side, level.Price).Lots
                        );
                    }
                }
            }
        }
    }

    private static void RequireEqualBalance(
        ReferenceExchange reference,
        ExchangeEngine engine,
        (int Account, int Market, byte Outcome, Purse Purse) asset
    )
    {
        var expected = reference.Balance(asset.Account, asset.Market, asset.Outcome, asset.Purse);
        var actual = engine.Balance(new AccountId(asset.Account), new MarketId(asset.Market), asset.Outcome, asset.Purse);
        if (expected != actual)
            Assert.Fail($"{asset} should hold {expected}, holds {actual}");
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private static string Difference(List<object> expected, List<object> actual) =>
        $"expected:\n  {string.Join("\n  ", expected)}\nactual:\n  {string.Join("\n  ", actual)}";
}
