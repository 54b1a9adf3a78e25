using System.Numerics;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

/// <summary>Which differences between ledger and chain count. Pure.</summary>
public static class BalanceRules
{
    /// <summary>Micro-USDC that a lot of 0.01 share is worth at most.</summary>
    private const int MostPerLot = 10_000;

    /// <summary>Of the discrepancy that this holding has, or would have.</summary>
    public static string NaturalKeyOf(LedgerHolding holding) =>
        $"{DiscrepancyKinds.BalanceMismatch}:{holding.Account.ToLowerHex()}:{AssetOf(holding)}";

    public static (Address Account, int MarketId, int Outcome) KeyOf(LedgerHolding holding) =>
        (holding.Account, holding.MarketId, holding.Outcome);

    /// <param name="chain">Holds every key of the ledger: it was read for exactly these.</param>
    public static Dictionary<(Address, int, int), (LedgerHolding Ledger, long Chain)> Differing(
        IEnumerable<LedgerHolding> ledger,
        IReadOnlyDictionary<(Address, int, int), long> chain
    ) => ledger.Where(l => chain[KeyOf(l)] != l.Owned).ToDictionary(KeyOf, l => (l, chain[KeyOf(l)]));

    /// <summary>What differs by the same amount in both looks; what was on its way has arrived meanwhile.</summary>
    public static Dictionary<(Address, int, int), (LedgerHolding Ledger, long Chain)> StillDiffering(
        Dictionary<(Address, int, int), (LedgerHolding Ledger, long Chain)> before,
        Dictionary<(Address, int, int), (LedgerHolding Ledger, long Chain)> now
    ) =>
        now.Where(n => before.TryGetValue(n.Key, out var b) && b.Chain - b.Ledger.Owned == n.Value.Chain - n.Value.Ledger.Owned)
            .ToDictionary();

    /// <summary>
    /// Sums over all accounts' collateral. What differed in the first look and no longer does was on its way, so only what still differs
    /// counts: the two sums differ by exactly what is missing.
    /// </summary>
    public static BalanceTotals Totals(IReadOnlyList<LedgerHolding> ledger, IEnumerable<(LedgerHolding Ledger, long Chain)> differing)
    {
        var owned = ledger.Where(l => l.MarketId == 0).Aggregate(BigInteger.Zero, (sum, l) => sum + l.Owned);
        var missing = differing.Where(d => d.Ledger.MarketId == 0).Aggregate(BigInteger.Zero, (sum, d) => sum + d.Chain - d.Ledger.Owned);
        return new BalanceTotals(owned, owned + missing, ledger.Count);
    }

    /// <summary>What of the balances was not compared; null: nothing.</summary>
    /// <param name="check">Null: none was.</param>
    public static string? NoteOf(BalanceCheck? check) =>
        check switch
        {
            null => "Balances were not compared: a reorganisation is being followed, and the ledger still holds what it undid.",
            { Ahead.Count: > 0 and var ahead } => $"{ahead} holdings were not compared: the ledger is ahead of the confirmed block there.",
            _ => null,
        };

    public static Finding ToFinding(LedgerHolding ledger, long chain)
    {
        var asset = AssetOf(ledger);
        var account = ledger.Account.ToLowerHex();
        // The ledger lets an account spend what the chain says it has not: its trades will fail.
        var severity = ledger.Owned > chain ? Severities.High : Severities.Medium;
        return new Finding(
            NaturalKeyOf(ledger),
            DiscrepancyKinds.BalanceMismatch,
            severity,
            ledger.MarketId == 0 ? null : ledger.MarketId,
            null,
            null,
            null,
            $"{account} owns {chain} units of {asset} on chain and {ledger.Owned} in the ledger.",
            new
            {
                account,
                asset,
                units = chain.ToString(),
            },
            new
            {
                account,
                asset,
                units = ledger.Owned.ToString(),
            }
        )
        {
            Amount = BigInteger.Abs((BigInteger)chain - ledger.Owned) * (ledger.MarketId == 0 ? 1 : MostPerLot),
        };
    }

    private static string AssetOf(LedgerHolding holding) => holding.MarketId == 0 ? "USDC" : $"{holding.MarketId}:{holding.Outcome}";
}
