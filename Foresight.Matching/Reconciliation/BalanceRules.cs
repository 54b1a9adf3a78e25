using System.Numerics;
using Foresight.Matching.ChainReading;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

public static class BalanceRules
{
    private const string InVault = " in the vault";

    /// <summary>A share is worth at most 1 USDC, so a lot of 0.01 share is worth at most this, in micro-USDC.</summary>
    private const int MostPerLot = 10_000;

    public static string NaturalKeyOf(LedgerHolding holding) =>
        $"{DiscrepancyKinds.BalanceMismatch}:{holding.Asset.Account.ToLowerHex()}:{AssetOf(holding)}";

    /// <param name="chain">Must contain every key of the ledger: a missing one throws, instead of looking like a balance of zero.</param>
    public static Dictionary<AssetKey, (LedgerHolding Ledger, long Chain)> Differing(
        IEnumerable<LedgerHolding> ledger,
        IReadOnlyDictionary<AssetKey, long> chain
    ) => ledger.Where(l => chain[l.Asset] != l.Owned).ToDictionary(l => l.Asset, l => (l, chain[l.Asset]));

    /// <summary>An amount in transit has arrived between the two looks, so only what differs by the same amount in both is left.</summary>
    public static Dictionary<AssetKey, (LedgerHolding Ledger, long Chain)> StillDiffering(
        Dictionary<AssetKey, (LedgerHolding Ledger, long Chain)> before,
        Dictionary<AssetKey, (LedgerHolding Ledger, long Chain)> now
    ) =>
        now.Where(n => before.TryGetValue(n.Key, out var b) && b.Chain - b.Ledger.Owned == n.Value.Chain - n.Value.Ledger.Owned)
            .ToDictionary();

    /// <summary>
    /// A difference of the first look that has disappeared was in transit, so only the remaining ones count: the two sums then differ by
    /// exactly the amount missing.
    /// </summary>
    public static BalanceTotals Totals(IReadOnlyList<LedgerHolding> ledger, IEnumerable<(LedgerHolding Ledger, long Chain)> differing)
    {
        var owned = ledger.Where(l => l.IsCollateral).Aggregate(BigInteger.Zero, (sum, l) => sum + l.Owned);
        var missing = differing.Where(d => d.Ledger.IsCollateral).Aggregate(BigInteger.Zero, (sum, d) => sum + d.Chain - d.Ledger.Owned);
        return new BalanceTotals(owned, owned + missing, ledger.Count);
    }

    public static string? NoteOf(BalanceCheck? check, int ahead) =>
        check is null ? "Balances were not compared: a reorganisation is being followed, and the ledger still holds what it undid."
        : ahead > 0 ? $"{ahead} holdings were not compared: the ledger is ahead of the confirmed block there."
        : null;

    public static bool IsOfVault(Finding finding) => finding.NaturalKey.EndsWith(InVault, StringComparison.Ordinal);

    public static Finding ToFinding(LedgerHolding ledger, long chain)
    {
        var asset = AssetOf(ledger);
        var account = ledger.Asset.Account.ToLowerHex();
        // The ledger lets the account spend more than the chain has: its trades will fail.
        var severity = ledger.Owned > chain ? Severities.High : Severities.Medium;
        return new Finding(
            NaturalKeyOf(ledger),
            DiscrepancyKinds.BalanceMismatch,
            severity,
            ledger.IsCollateral ? null : ledger.Asset.Market,
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
            Amount = BigInteger.Abs((BigInteger)chain - ledger.Owned) * (ledger.IsCollateral ? 1 : MostPerLot),
        };
    }

    private static string AssetOf(LedgerHolding holding)
    {
        var asset = holding.IsCollateral ? "USDC" : $"{holding.Asset.Market}:{holding.Asset.Outcome}";
        return holding.Asset.Purse == Engine.Purse.Vault ? asset + InVault : asset;
    }
}
