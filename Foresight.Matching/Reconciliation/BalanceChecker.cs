using System.Numerics;
using Dapper;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Npgsql;

namespace Foresight.Matching.Reconciliation;

/// <param name="InFlight">Held by trades that are matched and not yet settled. Neither side has moved it, so it is not compared.</param>
/// <param name="IsAhead">
/// True if the ledger is ahead of the follower's block for this holding, so that it is compared only once the follower has caught up.
/// </param>
/// <param name="Waiting">What the purse has got in blocks that are not final: the chain has it, and the ledger has not.</param>
public sealed record LedgerHolding(AssetKey Asset, long Owned, long InFlight, bool IsAhead = false, long Waiting = 0)
{
    public bool IsCollateral => Asset.Market == 0;
}

/// <summary>Sums over all accounts, in micro-USDC, by the ledger and by the chain: the difference is the amount missing.</summary>
public sealed record BalanceTotals(BigInteger Ledger, BigInteger Chain, long Holdings);

public sealed record BalanceCheck(IReadOnlyList<Finding> Findings, BalanceTotals Totals, IReadOnlySet<string> Ahead);

/// <summary>
/// The ledger is ahead of the follower's block between the leader's acknowledgement and the move of the cursor, for as long as a leader or
/// a chain node is unavailable, and after a reorganisation; holdings with any sign of that are left out (docs/decisions/0650). A difference
/// counts only if it is the same in three looks.
/// </summary>
public sealed class BalanceChecker(Deployment deployment, NpgsqlDataSource primary, HoldingsReader holdings)
{
    /// <summary>Accounts whose ledger may be ahead of the follower's block.</summary>
    internal const string Moving = """
        WITH moving AS (
            -- Settled in the engine, and the cursor is not there yet: the two move one after the other.
            SELECT f.account_id FROM trades t JOIN fills f USING (trade_id)
            WHERE t.settlement NOT IN ('final', 'failed') AND t.closed AND t.market_id = ANY (@markets)
            UNION
            -- On its way from one shard to another.
            SELECT a.account_id FROM allotment_changes c JOIN accounts a USING (address))
        """;

    /// <summary>The later looks are only at holdings that differ, because an amount in transit has arrived by then.</summary>
    private const int Looks = 3;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    /// <returns>Null while a reorganisation is being followed: the ledger then still contains what it undid.</returns>
    public async Task<BalanceCheck?> CheckAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await ReadLedgerAsync(cancellationToken) is not var (block, all))
            return null;
        var ledger = all.Where(l => !l.IsAhead).ToList();
        var ahead = all.Where(l => l.IsAhead).Select(BalanceRules.NaturalKeyOf).ToHashSet();
        var differing = BalanceRules.Differing(ledger, await ReadChainAsync(ledger, block, cancellationToken));
        for (var look = 1; look < Looks && differing.Count > 0; look++)
        {
            await Task.Delay(BetweenLooks, clock, cancellationToken);
            if (await ReadLedgerAsync(cancellationToken) is not var (later, now))
                return null;
            var again = now.Where(l => differing.ContainsKey(l.Asset)).ToLookup(l => l.IsAhead);
            ahead.UnionWith(again[true].Select(BalanceRules.NaturalKeyOf));
            var still = again[false].ToList();
            differing = BalanceRules.StillDiffering(
                differing,
                BalanceRules.Differing(still, await ReadChainAsync(still, later, cancellationToken))
            );
        }

        return new BalanceCheck(
            [.. differing.Values.Select(d => BalanceRules.ToFinding(d.Ledger, d.Chain))],
            BalanceRules.Totals(ledger, differing.Values),
            ahead
        );
    }

    /// <summary>
    /// Ledger and follower's block are read as of one moment, so that no step of the follower falls between them. Null while a
    /// reorganisation is being followed.
    /// </summary>
    private async Task<(BlockRef Block, IReadOnlyList<LedgerHolding> Ledger)?> ReadLedgerAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(
            byte[] Block,
            bool Undone,
            byte[]? Address,
            int? Market,
            short? Outcome,
            short? Purse,
            long? Owned,
            long? InFlight,
            bool? Ahead,
            long? Waiting
        )>(
            new CommandDefinition(
                $"""
                {Moving}
                SELECT c.block_hash, EXISTS (SELECT FROM chain_cursors WHERE name = @Reobserve), a.address, b.market_id, b.outcome,
                       b.purse, (sum(b.owned) - coalesce(max(p.units), 0))::bigint,
                       (sum(b.trade_hold) - coalesce(max(p.units), 0))::bigint,
                       a.account_id IN (SELECT account_id FROM moving) OR max(b.observed_block) > c.block_number + @BlockOffset
                           -- Held to what an unconfirmed block says, so not comparable with a confirmed one.
                           OR EXISTS (SELECT FROM unconfirmed_decreases d
                               WHERE (d.address, d.market_id, d.outcome, d.purse) = (a.address, b.market_id, b.outcome, b.purse)),
                       (SELECT coalesce(sum(v.units), 0)::bigint FROM vault_waiting v
                           WHERE b.purse = 1 AND (v.address, v.market_id, v.outcome) = (a.address, b.market_id, b.outcome))
                FROM chain_cursors c LEFT JOIN (balances b JOIN accounts a USING (account_id))
                    ON b.market_id = 0 OR b.market_id = ANY (@markets)
                -- Paid by the vault, and held by the engine until that is final.
                LEFT JOIN LATERAL (SELECT sum(w.units) AS units FROM withdrawals w
                    WHERE b.purse = 1 AND w.state = 0 AND w.paid_block <= c.block_number
                        AND (w.account_id, w.market_id, w.outcome) = (b.account_id, b.market_id, b.outcome)) p ON true
                WHERE c.name = @Follower
                GROUP BY c.block_number, c.block_hash, a.account_id, a.address, b.market_id, b.outcome, b.purse
                ORDER BY a.account_id, b.market_id, b.outcome, b.purse
                """,
                new
                {
                    ChainCursors.Follower,
                    ChainCursors.Reobserve,
                    deployment.BlockOffset,
                    markets = deployment.Markets.Select(m => m.Id).ToArray(),
                },
                cancellationToken: cancellationToken
            )
        );
        var list = rows.ToList();
        if (list.Count == 0)
            throw new InconsistentChainException("The chain has not been followed yet.");
        if (list[0].Undone)
            return null;
        // By hash: if the block was undone in the meantime, a node returns an error instead of the balances at its replacement.
        return (
            BlockRef.Hash(new Hash32(list[0].Block)),
            [
                .. list.Where(r => r.Address is not null)
                    .Select(r => new LedgerHolding(
                        new AssetKey(new Address(r.Address), r.Market!.Value, r.Outcome!.Value, (Engine.Purse)r.Purse!.Value),
                        r.Owned!.Value,
                        r.InFlight!.Value,
                        r.Ahead!.Value,
                        r.Waiting!.Value
                    )),
            ]
        );
    }

    private async Task<IReadOnlyDictionary<AssetKey, long>> ReadChainAsync(
        IReadOnlyList<LedgerHolding> ledger,
        BlockRef block,
        CancellationToken cancellationToken
    )
    {
        var inVault = ledger.Where(l => l.Asset.Purse == Engine.Purse.Vault).Select(l => Touched(l.Asset)).ToList();
        var read = new List<ChainHolding>(await holdings.ReadVaultAsync(inVault, block, cancellationToken));
        var inWallets = ledger.Select(l => l.Asset).Where(asset => asset.Purse == Engine.Purse.Wallet).ToLookup(asset => asset.Market);
        var owners = inWallets[0].Select(asset => asset.Account).Distinct().ToList();
        read.AddRange(await holdings.ReadCollateralAsync(owners, block, cancellationToken));
        foreach (var market in inWallets.Where(market => market.Key != 0))
        {
            owners = [.. market.Select(asset => asset.Account).Distinct()];
            read.AddRange(await holdings.ReadSharesAsync(deployment.Market(market.Key), owners, block, cancellationToken));
        }

        var waiting = ledger.ToDictionary(l => l.Asset, l => l.Waiting);
        return read.ToDictionary(
            ObservationRules.KeyOf,
            holding => Math.Max(0, holding.Units - waiting.GetValueOrDefault(ObservationRules.KeyOf(holding)))
        );
    }

    private TouchedAsset Touched(AssetKey asset) =>
        asset.Market == 0
            ? new TouchedAsset(asset.Account, null, 0, asset.Purse)
            : new TouchedAsset(asset.Account, deployment.Market(asset.Market), asset.Outcome, asset.Purse);
}
