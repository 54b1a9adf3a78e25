using System.Numerics;
using Dapper;
using Foresight.Chain;
using Foresight.Matching.Settlement;
using Npgsql;

namespace Foresight.Matching.Reconciliation;

/// <summary>What the ledger says that an account owns of one asset.</summary>
/// <param name="MarketId">0: collateral.</param>
/// <param name="InFlight">Held by trades that are matched and not yet settled: not moved on either side, so not part of the comparison.</param>
public sealed record LedgerHolding(Address Account, int MarketId, int Outcome, long Owned, long InFlight);

/// <summary>The sums over all accounts, in micro-USDC, of what the ledger and the chain say: the difference is what is missing.</summary>
/// <param name="Holdings">How many holdings were compared: accounts times assets.</param>
public sealed record BalanceTotals(BigInteger Ledger, BigInteger Chain, long Holdings);

/// <summary>
/// Compares every account's ledger with the chain at one block, the one up to which the follower has applied everything. The ledger moves
/// between the follower's acknowledgement and its cursor, so a difference counts only if it is there, the same, in a second look.
/// </summary>
public sealed class BalanceChecker(Deployment deployment, NpgsqlDataSource primary, HoldingsReader holdings)
{
    /// <summary>Looks at differing holdings; the first at all of them.</summary>
    private const int Looks = 3;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    public async Task<(IReadOnlyList<Finding> Findings, BalanceTotals Totals)> CheckAsync(TimeProvider clock, CancellationToken cancellation)
    {
        var (block, ledger) = await ReadLedgerAsync(cancellation);
        var first = ledger;
        var chain = await ReadChainAsync(ledger, block, cancellation);
        var differing = BalanceRules.Differing(ledger, chain);
        for (var look = 1; look < Looks && differing.Count > 0; look++)
        {
            await Task.Delay(BetweenLooks, clock, cancellation);
            (block, ledger) = await ReadLedgerAsync(cancellation);
            var again = ledger.Where(l => differing.ContainsKey(BalanceRules.KeyOf(l))).ToList();
            differing = BalanceRules.StillDiffering(differing, BalanceRules.Differing(again, await ReadChainAsync(again, block, cancellation)));
        }

        return ([.. differing.Values.Select(d => BalanceRules.ToFinding(d.Ledger, d.Chain))], BalanceRules.Totals(first, differing.Values));
    }

    /// <summary>The ledger, over all shards, and the follower's cursor, as of one moment.</summary>
    private async Task<(long Block, IReadOnlyList<LedgerHolding> Ledger)> ReadLedgerAsync(CancellationToken cancellation)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<(long Block, byte[]? Address, int? Market, short? Outcome, long? Owned, long? InFlight)>(new CommandDefinition(
            """
            SELECT c.block_number, a.address, b.market_id, b.outcome, sum(b.owned)::bigint, sum(b.trade_hold)::bigint
            FROM chain_cursors c LEFT JOIN (balances b JOIN accounts a USING (account_id)) ON (b.market_id = 0 OR b.market_id = ANY (@markets))
                -- Held to what an unconfirmed block says, so not comparable with a confirmed one.
                AND NOT EXISTS (SELECT 1 FROM doubted_holdings d WHERE (d.address, d.market_id, d.outcome) = (a.address, b.market_id, b.outcome))
            WHERE c.name = @CursorName GROUP BY c.block_number, a.account_id, a.address, b.market_id, b.outcome ORDER BY a.account_id, b.market_id, b.outcome
            """,
            new { FollowerStore.CursorName, markets = deployment.Markets.Select(m => m.Id).ToArray() }, cancellationToken: cancellation));
        var list = rows.ToList();
        if (list.Count == 0) throw new InconsistentChainException("The chain has not been followed yet.");
        return (list[0].Block, [.. list.Where(r => r.Address is not null)
            .Select(r => new LedgerHolding(new Address(r.Address), r.Market!.Value, r.Outcome!.Value, r.Owned!.Value, r.InFlight!.Value))]);
    }

    private async Task<IReadOnlyDictionary<(Address, int, int), long>> ReadChainAsync(IReadOnlyList<LedgerHolding> ledger, long block, CancellationToken cancellation)
    {
        var read = new Dictionary<(Address, int, int), long>();
        var accounts = ledger.Where(l => l.MarketId == 0).Select(l => l.Account).Distinct().ToList();
        foreach (var holding in await holdings.ReadCollateralAsync(accounts, block, cancellation)) Add(holding);
        foreach (var market in ledger.Where(l => l.MarketId != 0).GroupBy(l => l.MarketId))
        {
            var owners = market.Select(l => l.Account).Distinct().ToList();
            foreach (var holding in await holdings.ReadSharesAsync(deployment.Market(market.Key), owners, block, cancellation)) Add(holding);
        }

        return read;

        void Add(ChainHolding holding)
        {
            var (market, outcome) = ObservationRules.AssetOf(holding);
            read[(holding.Account, market, outcome)] = holding.Units;
        }
    }
}
