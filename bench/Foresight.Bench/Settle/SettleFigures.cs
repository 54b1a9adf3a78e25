using System.Globalization;
using Foresight.Bench.Stack;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;

namespace Foresight.Bench.Settle;

/// <param name="PerSecond">
/// Between the blocks that hold the first and the last tenth of the trades, because start and end are not under load.
/// </param>
internal sealed record PhaseFigures(
    string Name,
    long Trades,
    double PerSecond,
    double GasPerMatch,
    double TradesPerBatch,
    double P50,
    double P95,
    long Failed
);

internal sealed record ChainBound(double BlockGas, int Trades, double Asked, double Used, int Batches)
{
    public int TradesPerSecond => Batches * Trades;

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"the chain's bound is {TradesPerSecond} trades/s: a block a second of {BlockGas / 1e6:0.0} M gas holds {Batches} batches "
                + $"of {Trades}, which ask for {Asked / 1e6:0.0} M and use {Used / 1e6:0.0} M each"
        );
}

internal static class SettleFigures
{
    public static async Task<PhaseFigures> OfAsync(TradingStack stack, string name, long after, long through)
    {
        await using var command = stack.Database.CreateCommand(
            """
            SELECT trade_id, settlement, extract(epoch FROM settled_at - executed_at)::float8, block_number, t.batch_id
            FROM trades t WHERE trade_id > $1 AND trade_id <= $2 ORDER BY block_number, trade_id
            """
        );
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = through });
        var (seconds, blocks, batches, failed) = (new List<double>(), new List<long>(), new HashSet<long>(), 0L);
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                if (reader.GetString(1) != "final")
                {
                    failed++;
                    continue;
                }

                seconds.Add(reader.GetDouble(2));
                blocks.Add(reader.GetInt64(3));
                batches.Add(reader.GetInt64(4));
            }
        }

        seconds.Sort();
        var gas = await stack.ScalarAsync<decimal>(
            "SELECT coalesce(sum(gas_used), 0) FROM settlement_batches WHERE batch_id = ANY ($1)",
            (object)batches.ToArray()
        );
        return new PhaseFigures(
            name,
            blocks.Count,
            await RateAsync(stack, blocks),
            (double)gas / Math.Max(1, blocks.Count),
            blocks.Count / (double)Math.Max(1, batches.Count),
            At(seconds, 0.5),
            At(seconds, 0.95),
            failed
        );
    }

    /// <summary>
    /// The chain bounds the rate: a transaction enters a block if its gas limit fits, and occupies the gas it uses. For the largest
    /// batches of the phase.
    /// </summary>
    public static async Task<ChainBound> BoundAsync(TradingStack stack, long after, long through)
    {
        await using var command = stack.Database.CreateCommand(
            """
            SELECT b.trades, avg(b.gas_limit)::float8, avg(b.gas_used)::float8 FROM settlement_batches b
            WHERE b.batch_id IN (SELECT batch_id FROM trades WHERE trade_id > $1 AND trade_id <= $2) AND b.gas_used IS NOT NULL
            GROUP BY b.trades ORDER BY b.trades DESC LIMIT 1
            """
        );
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = through });
        await using var reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
            throw new InvalidOperationException("no batch of the phase was mined");
        var (trades, asked, used) = (reader.GetInt32(0), reader.GetDouble(1), reader.GetDouble(2));
        var gas = (double)(await stack.Chain.GetBlockAsync(BlockRef.Latest))!.GasLimit;
        return new ChainBound(gas, trades, asked, used, gas < asked ? 0 : 1 + (int)((gas - asked) / used));
    }

    public static async Task<List<string>> WrongAsync(TradingStack stack, long nonceBefore)
    {
        var wrong = new List<string>();
        // Another loop records a batch as final, after its trades.
        await stack.UntilAsync(
            "every batch is closed",
            async () =>
                await stack.ScalarAsync<long>("SELECT count(*) FROM settlement_batches WHERE state IN ('signed', 'broadcast', 'mined')")
                == 0
        );
        var trades = await stack.ScalarAsync<long>("SELECT count(*) FROM trades");
        var final = await stack.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'final'");
        if (final != trades)
            wrong.Add($"{trades - final} of {trades} trades are not final");
        var batches = await stack.ScalarAsync<long>("SELECT count(*) FROM settlement_batches WHERE state = 'final'");
        var sent = await stack.Chain.GetTransactionCountAsync(stack.Operator.Key.Address) - nonceBefore;
        if (sent != batches)
            wrong.Add($"{batches} batches are final, and the operator has sent {sent} transactions");
        var settled = await ReadSettledAsync(stack, wrong);
        if (settled.Count != trades)
            wrong.Add($"the chain has settled {settled.Count} of {trades} trades");
        return wrong;
    }

    /// <summary>The trades that the chain has settled; what it settled twice is added to <paramref name="wrong"/>.</summary>
    public static async Task<HashSet<long>> ReadSettledAsync(TradingStack stack, List<string> wrong)
    {
        var settled = new HashSet<long>();
        var head = await stack.Chain.BlockNumberAsync();
        const long Range = 50;
        for (var from = stack.Deployment.DeployedBlock; from <= head; from += Range)
        {
            var logs = await stack.Chain.GetLogsAsync(
                new LogFilter
                {
                    FromBlock = from,
                    ToBlock = Math.Min(head, from + Range - 1),
                    Addresses = [.. stack.Deployment.Markets.Select(m => m.Address)],
                    Topics =
                    [
                        [MarketEvents.TradeSettled.Topic],
                    ],
                }
            );
            foreach (var trade in logs.Select(MarketEvents.TryDecode).OfType<MarketEvent.TradeSettled>())
            {
                if (!settled.Add((long)trade.TradeId))
                    wrong.Add($"trade {trade.TradeId} was settled twice");
            }
        }

        return settled;
    }

    // From block times, because the journal's times show when the node noticed.
    private static async Task<double> RateAsync(TradingStack stack, List<long> blocks)
    {
        if (blocks.Count == 0)
            return 0;
        var (first, last) = (blocks[blocks.Count / 10], blocks[blocks.Count * 9 / 10]);
        if (first == last)
            return double.NaN;
        var counted = blocks.Count(b => b > first && b <= last);
        var (begin, end) = ((await stack.Chain.GetBlockAsync(first))!, (await stack.Chain.GetBlockAsync(last))!);
        return counted / (double)(end.Timestamp - begin.Timestamp);
    }

    private static double At(List<double> sorted, double share) =>
        sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
}
