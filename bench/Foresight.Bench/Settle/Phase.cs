using Foresight.Bench.Stack;

namespace Foresight.Bench.Settle;

/// <summary>Trades that are matched together, until the last of them is settled.</summary>
internal static class Phase
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);

    public static async Task<PhaseFigures> RunAsync(TradingStack stack, string name, Func<Task> matchAsync)
    {
        Console.WriteLine($"{name} …");
        var after = await LastTradeAsync(stack);
        await matchAsync();
        var through = await LastTradeAsync(stack);
        var left = -1L;
        await stack.UntilAsync(
            $"{name}: all trades are final or failed",
            async () =>
            {
                var now = await stack.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement NOT IN ('final', 'failed')");
                if (now != left)
                    Console.WriteLine($"  {through - after - now} of {through - after} settled");
                left = now;
                return now == 0;
            },
            Deadline
        );
        return await SettleFigures.OfAsync(stack, name, after, through);
    }

    public static Task<long> LastTradeAsync(TradingStack stack) => stack.ScalarAsync<long>("SELECT coalesce(max(trade_id), 0) FROM trades");
}
