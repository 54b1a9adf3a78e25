using System.Numerics;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

/// <summary>Only complete reads arrive here, so a failed read cannot look like a missing trade. Pure.</summary>
public static class ReconciliationRules
{
    public static List<Finding> Compare(ReconciliationInput sides)
    {
        var findings = new List<Finding>();
        var settledHere = new HashSet<long>();

        foreach (var chain in sides.Chain)
        {
            // Trade ids have 64 bits in the journal and 256 on chain; one that does not fit is certainly not from here.
            if (chain.TradeId <= long.MaxValue && sides.Journal.TryGetValue((long)chain.TradeId, out var journal))
            {
                settledHere.Add(journal.TradeId);
                if (Status(chain, journal) is { } status)
                    findings.Add(status);
                if (Amounts(chain, journal) is { } amounts)
                    findings.Add(amounts);
            }
            else if (UnknownTrade(chain) is var unknown && !sides.Recorded.Contains(unknown.NaturalKey))
            {
                findings.Add(unknown);
            }
        }

        findings.AddRange(sides.DirectFills.Select(DirectFill).Where(f => !sides.Recorded.Contains(f.NaturalKey)));

        foreach (var journal in sides.Journal.Values.OrderBy(t => t.TradeId))
        {
            if (settledHere.Contains(journal.TradeId) || !ClaimsToBeSettled(journal, sides))
                continue;
            findings.Add(
                sides.SettledElsewhere.TryGetValue(journal.TradeId, out var place) ? WrongBlock(journal, place) : NotOnChain(journal)
            );
        }

        return findings;
    }

    private static bool ClaimsToBeSettled(JournalTrade trade, ReconciliationInput sides) =>
        trade.State is TradeStates.Mined or TradeStates.Final
        && (sides.WithoutBlock || (trade.Block is { } block && block >= sides.FromBlock && block <= sides.ToBlock));

    private static Finding? Status(ChainTrade chain, JournalTrade journal)
    {
        if (journal.State is TradeStates.Mined or TradeStates.Final)
            return null;
        // The engine has given the trade up and released money that the chain has moved nevertheless.
        var severity = journal.State == TradeStates.Failed ? Severities.High : Severities.Medium;
        var key = $"{DiscrepancyKinds.StatusMismatch}:{journal.TradeId}";
        return new Finding(
            key,
            DiscrepancyKinds.StatusMismatch,
            severity,
            journal.MarketId,
            journal.TradeId,
            chain.Place.TransactionHash,
            chain.Place.Block,
            $"Trade {journal.TradeId} is settled on chain in block {chain.Place.Block}; the journal says {journal.State}.",
            Evidence.Of(chain),
            Evidence.Of(journal)
        )
        {
            Amount = Worth(chain, journal),
            Orders = HashesOf(chain.Fills),
            Place = chain.Place,
            Repair = new TradeRepair(key, journal, chain.Place, Worth(chain, journal)),
        };
    }

    private static Finding? Amounts(ChainTrade chain, JournalTrade journal)
    {
        if (Differences(chain, journal) is not { Count: > 0 } differences)
            return null;
        return new Finding(
            $"{DiscrepancyKinds.AmountMismatch}:{journal.TradeId}",
            DiscrepancyKinds.AmountMismatch,
            Severities.High,
            journal.MarketId,
            journal.TradeId,
            chain.Place.TransactionHash,
            chain.Place.Block,
            $"Trade {journal.TradeId} differs: {string.Join("; ", differences)}.",
            Evidence.Of(chain),
            Evidence.Of(journal)
        )
        {
            Amount = Worth(chain, journal),
            Orders = [.. HashesOf(chain.Fills).Union(HashesOf(journal.Fills))],
            Place = chain.Place,
        };
    }

    private static List<string> Differences(ChainTrade chain, JournalTrade journal)
    {
        var differences = new List<string>();
        if (chain.MarketId != journal.MarketId)
            differences.Add($"market on chain {chain.Market}, in the journal {journal.MarketId}");
        if (chain.Kind != journal.Kind)
            differences.Add($"kind on chain {chain.Kind}, in the journal {journal.Kind}");
        if (chain.Amount != journal.Amount)
            differences.Add($"amount on chain {chain.Amount}, in the journal {journal.Amount}");
        if (!Sorted(chain.Fills).SequenceEqual(Sorted(journal.Fills)))
            differences.Add("the fills are not the same");
        return differences;
    }

    private static IEnumerable<FillSide> Sorted(IEnumerable<FillSide> fills) =>
        fills.OrderBy(f => f.OrderHash, StringComparer.Ordinal).ThenBy(f => f.Outcome).ThenBy(f => f.Amount).ThenBy(f => f.Price);

    private static BigInteger Worth(ChainTrade chain, JournalTrade journal) =>
        BigInteger.Max(Evidence.Worth(chain.Fills), Evidence.Worth(journal.Fills));

    private static IReadOnlyList<string> HashesOf(IReadOnlyList<FillSide> fills) => [.. fills.Select(f => f.OrderHash).Distinct()];

    private static Finding UnknownTrade(ChainTrade chain)
    {
        var key = $"{DiscrepancyKinds.MissingOffChain}:trade:{chain.TradeId}";
        return new Finding(
            key,
            DiscrepancyKinds.MissingOffChain,
            Severities.Critical,
            chain.MarketId,
            chain.TradeId <= long.MaxValue ? (long)chain.TradeId : null,
            chain.Place.TransactionHash,
            chain.Place.Block,
            $"Trade {chain.TradeId} was settled on chain in block {chain.Place.Block}; the journal does not know it.",
            Evidence.Of(chain),
            null
        )
        {
            Amount = Evidence.Worth(chain.Fills),
            Orders = HashesOf(chain.Fills),
            Place = chain.Place,
            Repair = chain.MarketId is { } market
                ? new FillRepair(key, market, chain.Fills, chain.Place, Evidence.Worth(chain.Fills))
                : null,
        };
    }

    private static Finding DirectFill(DirectFill direct)
    {
        var key = $"{DiscrepancyKinds.MissingOffChain}:{direct.Place.TransactionHash}:{direct.Place.LogIndex}";
        IReadOnlyList<FillSide> fills = [direct.Fill];
        return new Finding(
            key,
            DiscrepancyKinds.MissingOffChain,
            direct.KnownOrder ? Severities.High : Severities.Medium,
            direct.MarketId,
            null,
            direct.Place.TransactionHash,
            direct.Place.Block,
            $"{(direct.KnownOrder ? "An order of the journal" : "An order that the journal never saw")} was filled directly on "
                + $"chain in block {direct.Place.Block}, past the relayer.",
            Evidence.Of(direct),
            null
        )
        {
            Amount = Evidence.Worth(fills),
            Orders = HashesOf(fills),
            Place = direct.Place,
            Direct = direct,
            Repair = direct.MarketId is { } market ? new FillRepair(key, market, fills, direct.Place, Evidence.Worth(fills)) : null,
        };
    }

    private static Finding NotOnChain(JournalTrade journal) =>
        new(
            $"{DiscrepancyKinds.MissingOnChain}:{journal.TradeId}",
            DiscrepancyKinds.MissingOnChain,
            Severities.Critical,
            journal.MarketId,
            journal.TradeId,
            journal.TransactionHash,
            journal.Block,
            $"The journal says that trade {journal.TradeId} was settled in {BlockOf(journal)}; the chain has no such trade.",
            null,
            Evidence.Of(journal)
        )
        {
            Amount = Evidence.Worth(journal.Fills),
            Orders = HashesOf(journal.Fills),
        };

    private static Finding WrongBlock(JournalTrade journal, EventPlace? place)
    {
        var key = $"{DiscrepancyKinds.StatusMismatch}:{journal.TradeId}";
        var worth = Evidence.Worth(journal.Fills);
        return new Finding(
            key,
            DiscrepancyKinds.StatusMismatch,
            Severities.Low,
            journal.MarketId,
            journal.TradeId,
            journal.TransactionHash,
            journal.Block,
            $"Trade {journal.TradeId} is settled on chain, but not in {BlockOf(journal)} as the journal says.",
            null,
            Evidence.Of(journal)
        )
        {
            Amount = worth,
            Orders = HashesOf(journal.Fills),
            Place = place,
            Repair = place is null ? null : new TradeRepair(key, journal, place, worth),
        };
    }

    private static string BlockOf(JournalTrade journal) => journal.Block is { } block ? $"block {block}" : "a block that it does not name";
}
