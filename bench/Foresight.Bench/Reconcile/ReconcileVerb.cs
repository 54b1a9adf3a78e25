using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Foresight.Bench.Reconcile;

/// <summary>
/// <c>reconcile [--trades N] [--per-block N] [--inject N] [--accounts N] [--seed N]</c>: seconds are those of the first run, which reads
/// every block and every balance; megabytes the peak of the node. Then it runs again, is killed, and a new node runs a third time, because
/// nothing may be found twice. Exit status 0 only if everything that was injected is found with its kind and severity, nothing else is, the
/// sums differ by what was taken, and a hundred thousand trades or more took no longer and no more memory than promised.
/// </summary>
internal static class ReconcileVerb
{
    private const long LedgerFault = 7;

    /// <summary>Time and memory are judged from this many trades on, because the promise is for a hundred thousand.</summary>
    private const int PromisedTrades = 100_000;

    private const double PromisedSeconds = 60;
    private const long PromisedMegabytes = 300;

    private static readonly TimeSpan RunDeadline = TimeSpan.FromMinutes(5);

    public static async Task<int> RunAsync(Options options)
    {
        var trades = (int)options.Number("trades", 10_000, 100, 1_000_000);
        var perBlock = (int)options.Number("per-block", 10, 1, 100);
        var inject = (int)options.Number("inject", 100, 0, trades / 2);
        var accounts = (int)options.Number("accounts", 1_000, 0, 100_000);
        var seed = (int)options.Number("seed", 1, 0, int.MaxValue);
        options.RequireNoOthers();

        var random = new Random(seed);
        Say("starting Postgres, Redis and a development chain");
        await using var stack = await ReconcileStack.StartAsync();
        var history = new ChainHistory(stack, perBlock);
        await history.FundAsync();
        var making = Stopwatch.StartNew();
        await history.SettleAsync(trades, random, done => Progress("trades settled on chain", done, trades));
        making.Stop();
        // After the trades, because the development chain copies its complete state with each block.
        if (accounts > 0)
            await history.AddAccountsAsync(accounts, done => Progress("accounts on chain", done, accounts));
        await FollowedAsync(stack);
        var expected = await Injection.InjectAsync(stack, trades, inject, random);
        if (inject > 0)
        {
            await stack.ExecuteAsync("UPDATE balances SET owned = owned + $1 WHERE account_id = 1 AND market_id = 0", LedgerFault);
            expected.Add(
                await stack.ScalarAsync<string>(
                    "SELECT 'balance_mismatch:0x' || encode(address, 'hex') || ':USDC high' FROM accounts WHERE account_id = 1"
                )
            );
        }

        await stack.ExecuteAsync("ANALYZE");
        Say("reconciling");
        var first = await RunNodeAsync(stack, "first", 1, kill: false);
        var found = await FoundAsync(stack);
        await RequestAsync(stack);
        var again = await RunNodeAsync(stack, "second", 2, kill: true);
        await RequestAsync(stack);
        await RunNodeAsync(stack, "third", 3, kill: false);
        var after = await FoundAsync(stack);

        var (seconds, compared, delta, holdings) = await FiguresAsync(stack);
        var right = found.Count(expected.Contains);
        var invented = found.Count(f => !expected.Contains(f));
        var duplicates = after.Count - found.Count;
        var peak = Math.Max(first, again);
        var byKind = found
            .Where(expected.Contains)
            .GroupBy(f => f.Split(':')[0])
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Count());
        var expectedDelta = inject > 0 ? -LedgerFault : 0;
        var isWithinPromise = trades < PromisedTrades || (seconds < PromisedSeconds && peak < PromisedMegabytes);
        var holds = right == expected.Count && invented == 0 && duplicates == 0 && delta == expectedDelta && isWithinPromise;
        Console.WriteLine(
            FormattableString.Invariant(
                $"""

                trades settled on chain     {trades:N0} in {history.Blocks:N0} blocks (made in {making.Elapsed.TotalSeconds:N0} s)
                compared by the first run   {compared:N0} trades, {holdings:N0} holdings at one block
                time of that run            {seconds:N2} s
                peak of the node's memory   {peak:N0} MB
                found of {expected.Count, -5} injected     {right}
                of each kind                {string.Join(", ", byKind.Select(k => $"{k.Key} {k.Value}"))}
                invented                    {invented}
                found twice (second run, and after a kill)   {duplicates}
                sums of ledger and chain    differ by {delta} micro-USDC; {expectedDelta} injected
                under {PromisedSeconds:N0} s and {PromisedMegabytes} MB       {(
                    trades < PromisedTrades ? $"judged from {PromisedTrades:N0} trades on"
                    : isWithinPromise ? "yes"
                    : "no"
                )}
                """
            )
        );
        Console.WriteLine(
            JsonSerializer.Serialize(
                new
                {
                    trades,
                    blocks = history.Blocks,
                    seconds = Math.Round(seconds, 2),
                    peak_mb = peak,
                    injected = expected.Count,
                    found = right,
                    invented,
                    duplicates,
                    within_promise = trades < PromisedTrades ? (bool?)null : isWithinPromise,
                    by_kind = byKind,
                    holdings,
                    solvency_delta_micro_usdc = delta,
                    seed,
                }
            )
        );
        return holds ? 0 : 1;
    }

    /// <summary>The follower's cursor is set to the end, because following is not what is measured.</summary>
    private static async Task FollowedAsync(ReconcileStack stack)
    {
        // Only blocks with confirmations are compared, so some are mined on top.
        await stack.RequestAsync("anvil_mine", "0x4");
        var header = (await stack.Client.GetBlockAsync(await stack.Client.BlockNumberAsync() - 2))!;
        await stack.ExecuteAsync(
            "INSERT INTO chain_cursors (name, block_number, block_hash) VALUES ('follower', $1, $2)",
            header.Number,
            header.Hash.ToBytes()
        );
        await stack.ExecuteAsync(
            "INSERT INTO chain_blocks (block_number, block_hash) VALUES ($1, $2)",
            header.Number,
            header.Hash.ToBytes()
        );
    }

    private static async Task<long> RunNodeAsync(ReconcileStack stack, string name, int runs, bool kill)
    {
        await using var node = stack.StartNode(name);
        try
        {
            using var deadline = new CancellationTokenSource(RunDeadline);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (await stack.ScalarAsync<long>("SELECT count(*) FROM reconciliation_runs WHERE state IN ('succeeded', 'failed')") < runs)
            {
                if (node.HasEnded)
                    throw new InvalidOperationException($"The node ended with {node.ExitCode}.\n{node.Output}");
                await timer.WaitForNextTickAsync(deadline.Token);
            }

            var last = await stack.ScalarAsync<string>(
                "SELECT state || COALESCE(': ' || error, '') FROM reconciliation_runs ORDER BY run_id DESC LIMIT 1"
            );
            if (last != "succeeded")
                throw new InvalidOperationException($"The run {last}");
            var peak = PeakMegabytes(node.Id);
            Progress("runs", runs, 3);
            return peak;
        }
        finally
        {
            if (!kill)
            {
                node.AskToEnd();
                await Task.WhenAny(node.EndedAsync(TimeSpan.FromSeconds(10)));
            }
        }
    }

    private static long PeakMegabytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    private static Task RequestAsync(ReconcileStack stack) => stack.ScalarAsync<long>("SELECT run_id FROM request_reconciliation('bench')");

    private static async Task<List<string>> FoundAsync(ReconcileStack stack) =>
        [
            .. await stack.ScalarAsync<string[]>(
                """
                SELECT COALESCE(array_agg(natural_key || ' ' || severity), '{}')
                FROM discrepancies WHERE split_part(natural_key, ':', 1) = kind
                """
            ),
        ];

    private static async Task<(double Seconds, long Trades, long Delta, long Holdings)> FiguresAsync(ReconcileStack stack) =>
        (
            await stack.ScalarAsync<double>(
                "SELECT extract(epoch FROM finished_at - started_at)::double precision FROM reconciliation_runs ORDER BY run_id LIMIT 1"
            ),
            await stack.ScalarAsync<long>("SELECT trades_compared FROM reconciliation_runs ORDER BY run_id LIMIT 1"),
            await stack.ScalarAsync<long>("SELECT (chain_total - ledger_total)::bigint FROM reconciliation_runs ORDER BY run_id LIMIT 1"),
            await stack.ScalarAsync<long>("SELECT holdings_compared FROM reconciliation_runs ORDER BY run_id LIMIT 1")
        );

    private static void Say(string what) => Console.Error.WriteLine(what);

    private static void Progress(string what, int done, int of)
    {
        if (done == of || done % Math.Max(1, of / 10) < 60)
            Console.Error.WriteLine(FormattableString.Invariant($"  {what}: {done:N0} of {of:N0}"));
    }
}
