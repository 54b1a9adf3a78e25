using System.Globalization;
using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// The vault by the chain, by itself and against the journal (docs/firm-money.md). Amounts in the evidence are in USDC and shares, because
/// a person reads both sides. Pure.
/// </summary>
public static class VaultRules
{
    /// <summary>More purses without a holding have the same cause, and no operator examines them one by one.</summary>
    public const int MostUnknown = 500;

    /// <summary>10^-18 shares that are one micro-USDC of a complete set.</summary>
    private static readonly BigInteger SharesPerUnit = BigInteger.Pow(10, 12);

    public static BigInteger IdOf(Deployment deployment, AssetKey asset) =>
        VaultAssets.IdOf(asset.Market == 0 ? null : deployment.Market(asset.Market).Address, asset.Outcome);

    public static List<Finding> Compare(Deployment deployment, VaultSides sides) =>
        sides.Journal.IsFollowed
            ? [.. Ledger(deployment, sides), .. Requests(deployment, sides), .. Withdrawals(sides), .. Accounting(sides.Chain)]
            : [.. Accounting(sides.Chain)];

    /// <summary>Natural keys of what could not be compared: neither confirmed nor gone.</summary>
    public static IEnumerable<string> Ahead(VaultSides sides) =>
        sides
            .Journal.Ledger.Where(l => l.IsAhead)
            .Select(l => BalanceRules.NaturalKeyOf(Holding(l)))
            .Concat(sides.Chain.IsWhole ? [] : AccountingKeys(sides.Chain));

    private static IEnumerable<Finding> Ledger(Deployment deployment, VaultSides sides)
    {
        foreach (var purse in sides.Journal.Ledger)
        {
            var whole = sides.Chain.Purses.GetValueOrDefault((purse.Asset.Account, IdOf(deployment, purse.Asset)), ChainPurse.Empty);
            var chain = WithoutWaiting(purse.Asset, whole, sides.Journal);
            if (!purse.IsAhead && UnitsOf(purse.Asset, chain.Free) != purse.Owned)
                yield return Balance(purse, chain);
            if (purse.Held != purse.CoSigned + purse.InFlight)
                yield return Hold(purse);
        }

        var known = sides.Journal.Ledger.Select(l => l.Asset).ToHashSet();
        var unknown = sides
            .Chain.Purses.Where(purse => purse.Value.Free > 0)
            .Select(purse => (Asset: KeyOf(deployment, purse.Key.Account, purse.Key.Asset), purse.Value))
            .Where(purse => purse.Asset is { } asset && !known.Contains(asset) && !sides.Journal.Unsettled.Contains(asset))
            .Select(purse => (purse.Asset, Value: WithoutWaiting(purse.Asset!.Value, purse.Value, sides.Journal)))
            .Where(purse => purse.Value.Free > 0)
            .OrderBy(purse => purse.Asset!.Value.Account.ToLowerHex(), StringComparer.Ordinal)
            .Take(MostUnknown);
        foreach (var (asset, chain) in unknown)
            yield return Balance(new LedgerPurse(asset!.Value, 0, 0, 0, 0, IsAhead: false), chain);
    }

    private static ChainPurse WithoutWaiting(AssetKey asset, ChainPurse chain, VaultJournal journal)
    {
        var waiting = journal.Waiting.GetValueOrDefault(asset) * (asset.Market == 0 ? BigInteger.One : OrderMessage.AmountPerLot);
        return chain with { Free = BigInteger.Max(0, chain.Free - waiting) };
    }

    private static IEnumerable<Finding> Requests(Deployment deployment, VaultSides sides)
    {
        var onChain = sides
            .Chain.Purses.Where(purse => purse.Value.Leaving > 0)
            .Select(purse => (Asset: KeyOf(deployment, purse.Key.Account, purse.Key.Asset), purse.Value))
            .Where(purse => purse.Asset is not null)
            .ToDictionary(purse => purse.Asset!.Value, purse => purse.Value);
        foreach (var asset in onChain.Keys.Union(sides.Journal.Requests.Keys))
        {
            var chain = onChain.GetValueOrDefault(asset, ChainPurse.Empty);
            var journal = sides.Journal.Requests.GetValueOrDefault(asset);
            var units = journal?.Units ?? 0;
            if (
                UnitsOf(asset, chain.Leaving) != units
                || (units > 0 && (chain.ReadyBlock, chain.ReadyTime) != (journal!.ReadyBlock, journal.ReadyTime))
            )
                yield return Request(asset, chain, journal);
        }
    }

    private static IEnumerable<Finding> Withdrawals(VaultSides sides)
    {
        foreach (var (journal, isSpent) in sides.Withdrawals)
        {
            if (isSpent != journal.IsSpent)
                yield return Withdrawal(journal, isSpent);
            else if (journal.IsOverdue && !isSpent)
                yield return Withdrawal(journal, isSpent);
        }
    }

    private static IEnumerable<Finding> Accounting(VaultChain chain)
    {
        if (!chain.IsWhole)
            yield break;
        var sums = SumsOf(chain);
        var sets = SetsInUsdc(chain);
        var owed = sums.GetValueOrDefault(VaultContract.Usdc, ChainPurse.Empty).All + sets;
        // More is no error: a plain transfer to the vault is credited to no purse, and anyone can make one.
        if (chain.Held < owed)
            yield return Vault(
                UsdcKey,
                Severities.Critical,
                null,
                $"The vault holds {Usdc(chain.Held)} and owes {Usdc(owed)}: {Usdc(owed - sets)} of purses, {Usdc(sets)} of sets inside.",
                new { held = Usdc(chain.Held) },
                new
                {
                    purses = Usdc(owed - sets),
                    sets = Usdc(sets),
                    owed = Usdc(owed),
                },
                owed - chain.Held
            );
        foreach (var market in chain.Markets)
        {
            for (var k = 0; k < market.Held.Count; k++)
            {
                var purses = sums.GetValueOrDefault(OutcomeTokenContract.IdOf(market.Address, k), ChainPurse.Empty).All;
                if (market.Held[k] + market.Sets == purses)
                    continue;
                var isShort = market.Held[k] + market.Sets < purses;
                yield return Vault(
                    SharesKey(market, k),
                    isShort ? Severities.Critical : Severities.High,
                    market.Id,
                    $"Of outcome {k} of {market.Address.ToLowerHex()} the vault holds {Shares(market.Held[k])} and has "
                        + $"{Shares(market.Sets)} in sets inside, {(isShort ? "less" : "more")} than the {Shares(purses)} of its purses.",
                    new { held = Shares(market.Held[k]), sets = Shares(market.Sets) },
                    new { purses = Shares(purses) },
                    BigInteger.Abs(purses - market.Held[k] - market.Sets) / SharesPerUnit
                );
            }

            if (market.IsOpen && market.Held.Min() is { IsZero: false } least)
                yield return Vault(
                    SetsKey(market),
                    Severities.Medium,
                    market.Id,
                    $"The vault holds {Shares(least)} of every outcome of {market.Address.ToLowerHex()} as shares, which should be sets "
                        + "inside: merges of purses may lack them.",
                    new { held = Shares(least), sets = Shares(market.Sets) },
                    new { held = Shares(0) },
                    least / SharesPerUnit
                );
        }
    }

    /// <summary>In the vault's units, as a script that reads the chain alone has them (docs/solvency.md).</summary>
    public static VaultTotalsView Totals(Deployment deployment, VaultChain chain, BlockMark block, DateTimeOffset at)
    {
        var sums = SumsOf(chain);
        VaultAmountsView Amounts(BigInteger asset, BigInteger held)
        {
            var sum = sums.GetValueOrDefault(asset, ChainPurse.Empty);
            return new VaultAmountsView(held.ToString(), sum.Free.ToString(), sum.Leaving.ToString());
        }

        return new VaultTotalsView(
            deployment.ChainId,
            deployment.Factory.ToString(),
            deployment.Vault!.Address.ToString(),
            block.Number,
            block.Hash.ToString(),
            chain.Accounts,
            Amounts(VaultContract.Usdc, chain.Held),
            SetsInUsdc(chain).ToString(),
            [
                .. chain
                    .Markets.Select(market => new VaultMarketView(
                        market.Address.ToString(),
                        market.Sets.ToString(),
                        [.. market.Held.Select((held, k) => Amounts(OutcomeTokenContract.IdOf(market.Address, k), held))]
                    ))
                    .Where(market => market.Sets != "0" || market.Outcomes.Any(o => (o.Held, o.Free, o.Leaving) != ("0", "0", "0"))),
            ],
            at
        );
    }

    private static Dictionary<BigInteger, ChainPurse> SumsOf(VaultChain chain) =>
        chain
            .Purses.GroupBy(purse => purse.Key.Asset)
            .ToDictionary(
                asset => asset.Key,
                asset => asset.Aggregate(ChainPurse.Empty, (sum, one) => new(sum.Free + one.Value.Free, sum.Leaving + one.Value.Leaving))
            );

    private static BigInteger SetsInUsdc(VaultChain chain) =>
        chain.Markets.Aggregate(BigInteger.Zero, (sum, market) => sum + market.Sets) / SharesPerUnit;

    private static Finding Balance(LedgerPurse purse, ChainPurse chain)
    {
        var asset = purse.Asset;
        var units = UnitsOf(asset, chain.Free);
        var basis = BalanceRules.ToFinding(Holding(purse), units);
        return basis with
        {
            Summary =
                $"{asset.Account.ToLowerHex()} has {Text(asset, units)} free in the vault on chain, and {Text(asset, purse.Owned)} in the "
                + $"ledger{(chain.Leaving > 0 ? $"; {Text(asset, UnitsOf(asset, chain.Leaving))} are leaving" : "")}.",
            OnChain = new
            {
                account = asset.Account.ToLowerHex(),
                asset = AssetOf(asset),
                free = Text(asset, units),
                leaving = Text(asset, UnitsOf(asset, chain.Leaving)),
            },
            OffChain = new
            {
                account = asset.Account.ToLowerHex(),
                asset = AssetOf(asset),
                free = Text(asset, purse.Owned),
                coSigned = Text(asset, purse.CoSigned),
            },
        };
    }

    private static Finding Hold(LedgerPurse purse)
    {
        var (asset, needed) = (purse.Asset, purse.CoSigned + purse.InFlight);
        return OfWithdrawals(
            $"{asset.Account.ToLowerHex()}:{AssetOf(asset)}:hold",
            // With less, what leaves can be traded with, or the money of a matched trade.
            purse.Held < needed
                ? Severities.Critical
                : Severities.Medium,
            asset,
            $"Of {asset.Account.ToLowerHex()} the engine holds {Text(asset, purse.Held)} in the vault, and co-signed withdrawals and "
                + $"unsettled trades need {Text(asset, needed)}.",
            null,
            new
            {
                account = asset.Account.ToLowerHex(),
                asset = AssetOf(asset),
                held = Text(asset, purse.Held),
                coSigned = Text(asset, purse.CoSigned),
                inTrades = Text(asset, purse.InFlight),
            },
            Math.Abs(purse.Held - needed)
        );
    }

    private static Finding Request(AssetKey asset, ChainPurse chain, KnownRequest? journal)
    {
        var (units, known) = (UnitsOf(asset, chain.Leaving), journal?.Units ?? 0);
        return OfWithdrawals(
            RequestKey(asset)[(DiscrepancyKinds.WithdrawalMismatch.Length + 1)..],
            units > known ? Severities.High : Severities.Medium,
            asset,
            units == known
                ? $"What {asset.Account.ToLowerHex()} withdraws is ready at another time on chain than in the journal."
                : $"{Text(asset, units)} of {asset.Account.ToLowerHex()} are leaving the vault on chain, and {Text(asset, known)} in the "
                    + "journal.",
            Side(units, chain.ReadyBlock, chain.ReadyTime),
            Side(known, journal?.ReadyBlock ?? 0, journal?.ReadyTime ?? 0),
            Math.Abs(units - known)
        );

        object Side(long leaving, long readyBlock, long readyTime) =>
            new
            {
                account = asset.Account.ToLowerHex(),
                asset = AssetOf(asset),
                leaving = Text(asset, leaving),
                readyBlock = leaving > 0 ? (long?)readyBlock : null,
                readyAt = leaving > 0 ? (DateTimeOffset?)DateTimeOffset.FromUnixTimeSeconds(readyTime) : null,
            };
    }

    private static Finding Withdrawal(JournalWithdrawal journal, bool isSpent)
    {
        var asset = journal.Asset;
        var account = asset.Account.ToLowerHex();
        var what = $"Withdrawal {journal.Nonce} of {account}, {Text(asset, journal.Units)},";
        return OfWithdrawals(
            $"{account}:{journal.Nonce}",
            // Paid, and to trade with again; or taken out of the ledger, and never paid.
            (isSpent, journal.State) switch
            {
                (true, 2) or (false, 1) => Severities.Critical,
                _ when isSpent == journal.IsSpent => Severities.Medium,
                _ => Severities.High,
            },
            asset,
            (isSpent, journal.IsSpent) switch
            {
                (true, _) => $"{what} is paid by the vault; the journal has it as {Name(journal.State)} and does not know.",
                (false, true) => $"{what} is {(journal.State == 1 ? "paid" : "seen as paid")} in the journal; the vault has not paid it.",
                _ => $"{what} was not taken by its deadline, and its money is still held.",
            },
            new
            {
                account,
                nonce = journal.Nonce.ToString(CultureInfo.InvariantCulture),
                paid = isSpent,
            },
            new
            {
                account,
                nonce = journal.Nonce.ToString(CultureInfo.InvariantCulture),
                paid = journal.IsSpent,
                state = Name(journal.State),
                asset = AssetOf(asset),
                units = Text(asset, journal.Units),
                deadline = DateTimeOffset.FromUnixTimeSeconds(journal.Deadline),
            },
            journal.Units
        );

        static string Name(int state) =>
            state switch
            {
                1 => WithdrawalStates.Paid,
                2 => WithdrawalStates.Lapsed,
                _ => WithdrawalStates.Granted,
            };
    }

    private static Finding OfWithdrawals(
        string key,
        string severity,
        AssetKey asset,
        string summary,
        object? onChain,
        object? offChain,
        long units
    ) =>
        new(
            $"{DiscrepancyKinds.WithdrawalMismatch}:{key}",
            DiscrepancyKinds.WithdrawalMismatch,
            severity,
            asset.Market == 0 ? null : asset.Market,
            null,
            null,
            null,
            summary,
            onChain,
            offChain
        )
        {
            Amount = asset.Market == 0 ? units : units * OrderMessage.AmountPerLot / SharesPerUnit,
        };

    private static Finding Vault(string key, string severity, int? market, string summary, object holds, object owes, BigInteger amount) =>
        new(key, DiscrepancyKinds.VaultMismatch, severity, market, null, null, null, summary, holds, owes) { Amount = amount };

    private static IEnumerable<string> AccountingKeys(VaultChain chain) =>
        chain.Markets.SelectMany(market => market.Held.Select((_, k) => SharesKey(market, k)).Append(SetsKey(market))).Append(UsdcKey);

    private static string UsdcKey => $"{DiscrepancyKinds.VaultMismatch}:USDC";

    private static string SharesKey(VaultMarket market, int outcome) =>
        $"{DiscrepancyKinds.VaultMismatch}:{market.Address.ToLowerHex()}:{outcome}";

    private static string SetsKey(VaultMarket market) => $"{DiscrepancyKinds.VaultMismatch}:{market.Address.ToLowerHex()}:sets";

    private static string RequestKey(AssetKey asset) =>
        $"{DiscrepancyKinds.WithdrawalMismatch}:{asset.Account.ToLowerHex()}:{AssetOf(asset)}:request";

    private static LedgerHolding Holding(LedgerPurse purse) => new(purse.Asset, purse.Owned, purse.InFlight);

    /// <returns>Null if the journal cannot know the asset: shares of a market that is not listed here.</returns>
    private static AssetKey? KeyOf(Deployment deployment, Address account, BigInteger asset) =>
        asset == VaultContract.Usdc ? new AssetKey(account, 0, Command.CollateralOutcome, Purse.Vault)
        : OutcomeTokenContract.TryReadId(asset, out var address, out var outcome) && deployment.Find(address) is { } market
            ? new AssetKey(account, market.Id, outcome, Purse.Vault)
        : null;

    private static long UnitsOf(AssetKey asset, BigInteger amount) =>
        HoldingsReader.Bound(asset.Market == 0 ? amount : amount / OrderMessage.AmountPerLot);

    private static string AssetOf(AssetKey asset) => asset.Market == 0 ? "USDC" : $"{asset.Market}:{asset.Outcome}";

    private static string Text(AssetKey asset, long units) =>
        asset.Market == 0 ? $"{Decimals.Usdc(units)} USDC" : $"{Decimals.Shares(units)} shares";

    private static string Usdc(BigInteger micros) => $"{Exact(micros, 6)} USDC";

    private static string Shares(BigInteger amount) => $"{Exact(amount, 18)} shares";

    private static string Exact(BigInteger amount, int decimals)
    {
        var digits = BigInteger.Abs(amount).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        var fraction = digits[^decimals..].TrimEnd('0');
        return $"{(amount.Sign < 0 ? "-" : "")}{digits[..^decimals]}{(fraction.Length == 0 ? "" : ".")}{fraction}";
    }
}
