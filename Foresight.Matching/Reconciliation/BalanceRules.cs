using System.Numerics;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

public static class BalanceRules
{
    /// <summary>A share is worth at most 1 USDC, so a lot of 0.01 share is worth at most this, in micro-USDC.</summary>
    private const int MostPerLot = 10_000;

    public static string NaturalKeyOf(LedgerHolding holding) =>
        $"{DiscrepancyKinds.BalanceMismatch}:{holding.Account.ToLowerHex()}:{AssetOf(holding)}";

    public static (Address Account, int MarketId, int Outcome) KeyOf(LedgerHolding holding) =>
        (holding.Account, holding.MarketId, holding.Outcome);

    /// <param name="chain">Must contain every key of the ledger: a missing one throws, instead of looking like a balance of zero.</param>
    public static Dictionary<(Address, int, int), (LedgerHolding Ledger, long Chain)> Differing(
        IEnumerable<LedgerHolding> ledger,
        IReadOnlyDictionary<(Address, int, int), long> chain
    ) => ledger.Where(l => chain[KeyOf(l)] != l.Owned).ToDictionary(KeyOf, l => (l, chain[KeyOf(l)]));

    /// <summary>An amount in transit has arrived between the two looks, so only what differs by the same amount in both is left.</summary>
    public static Dictionary<(Address, int, int), (LedgerHolding Ledger, long Chain)> StillDiffering(
        Dictionary<(Address, int, int), (LedgerHolding Ledger, long Chain)> before,
        Dictionary<(Address, int, int), (LedgerHolding Ledger, long Chain)> now
    ) =>
        now.Where(n => before.TryGetValue(n.Key, out var b) && b.Chain - b.Ledger.Owned == n.Value.Chain - n.Value.Ledger.Owned)
            .ToDictionary();

    /// <summary>
    /// A difference of the first look that has disappeared was in transit, so only the remaining ones count: the two sums then differ by
    /// exactly the amount missing.
    /// </summary>
    public static BalanceTotals Totals(IReadOnlyList<LedgerHolding> ledger, IEnumerable<(LedgerHolding Ledger, long Chain)> differing)
    {
        var owned = ledger.Where(l => l.MarketId == 0).Aggregate(BigInteger.Zero, (sum, l) => sum + l.Owned);
        var missing = differing.Where(d => d.Ledger.MarketId == 0).Aggregate(BigInteger.Zero, (sum, d) => sum + d.Chain - d.Ledger.Owned);
        return new BalanceTotals(owned, owned + missing, ledger.Count);
    }

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
        // The ledger lets the account spend more than the chain has: its trades will fail.
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
