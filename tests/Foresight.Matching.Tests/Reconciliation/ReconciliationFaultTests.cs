using System.Text.Json.Nodes;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.Reconciliation;

/// <summary>
/// A node or a database that fails or lies must not make a run find what is not there: it fails, moves no cursor, and leaves a visible gap.
/// </summary>
[Collection(ChainCollection.Name)]
public sealed class ReconciliationFaultTests(ChainFixture fixture)
{
    private static readonly ReconciliationOptions Options = new() { BlockRange = 4, Balances = false };

    [Fact]
    public async Task ANodeThatHangsUpOnAThirdOfTheRequests_NeverMakesADiscrepancy()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await SettleAsync(venue, 12);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var node = await FaultyNode.StartAsync(fixture.Rpc, (_, answer) => random.Next(3) == 0 ? null : answer);
        var failed = 0;
        for (var run = 0; run < 12; run++)
            failed += (await RunAsync(venue, venue.NewReconciler(node.Transport, Options))).Error is null ? 0 : 1;
        Assert.True(failed > 0, $"no run failed (seed {seed})");
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies"));
        Assert.Equal((long)failed, await venue.ScalarAsync<long>("SELECT count(*) FROM reconciliation_coverage WHERE state = 'failed'"));
    }

    [Theory]
    [InlineData("no logs at all")]
    [InlineData("only the first log of each block")]
    [InlineData("all but one event of one trade")]
    public async Task ANodeThatLeavesLogsOut_FailsTheRun(string lie)
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await SettleAsync(venue, 4);
        await using var node = await FaultyNode.StartAsync(
            fixture.Rpc,
            (request, answer) =>
            {
                if ((string?)request["method"] != "eth_getLogs")
                    return answer;
                var logs = answer["result"]!.AsArray();
                JsonNode?[] kept = lie switch
                {
                    "no logs at all" => [],
                    "only the first log of each block" => [.. logs.DistinctBy(l => (string)l!["blockNumber"]!)],
                    _ => [.. logs.SkipLast(1)],
                };
                answer["result"] = new JsonArray([.. kept.Select(l => l!.DeepClone())]);
                return answer;
            }
        );
        var result = await RunAsync(venue, venue.NewReconciler(node.Transport, Options));
        await AssertNothingAsync(venue, result, lie);
    }

    [Fact]
    public async Task ANodeThatIsBlocksBehind_FailsTheRun_OrComparesWhatItHas()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await SettleAsync(venue, 4);
        var head = await venue.Client.BlockNumberAsync();
        // The node reports the head of others, but knows nothing above its own.
        await using var node = await FaultyNode.StartAsync(
            fixture.Rpc,
            (request, answer) =>
            {
                var asked = request["params"]!.AsArray();
                var isAbove = (string?)request["method"] == "eth_getBlockByNumber" && Convert.ToInt64((string)asked[0]!, 16) > head - 5;
                return isAbove
                    ? new JsonObject
                    {
                        ["jsonrpc"] = "2.0",
                        ["id"] = request["id"]!.DeepClone(),
                        ["result"] = null,
                    }
                    : answer;
            }
        );
        await AssertNothingAsync(venue, await RunAsync(venue, venue.NewReconciler(node.Transport, Options)), "behind");
    }

    [Fact]
    public async Task ANodeThatRefusesTooManyResults_IsAskedForLess_AndNothingIsMissed()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var trades = await SettleAsync(venue, 12);
        await venue.ExecuteAsync("UPDATE trades SET settlement = 'failed' WHERE trade_id = $1", trades[5]);
        var refused = 0;
        await using var node = await FaultyNode.StartAsync(
            fixture.Rpc,
            (request, answer) =>
            {
                if (
                    (string?)request["method"] != "eth_getLogs"
                    || answer["result"]!.AsArray().Select(l => (string)l!["blockNumber"]!).Distinct().Count() <= 1
                )
                    return answer;
                Interlocked.Increment(ref refused);
                return new JsonObject
                {
                    ["jsonrpc"] = "2.0",
                    ["id"] = request["id"]!.DeepClone(),
                    ["error"] = new JsonObject { ["code"] = -32005, ["message"] = "query returned more than 10000 results" },
                };
            }
        );
        var result = await RunAsync(venue, venue.NewReconciler(node.Transport, Options with { BlockRange = 1_000 }));
        Assert.Null(result.Error);
        Assert.True(refused > 0);
        Assert.Equal([$"status_mismatch:{trades[5]}"], result.Findings.Select(f => f.NaturalKey));
    }

    [Fact]
    public async Task ADatabaseThatFailsInTheMiddle_FailsTheRun()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var trades = await SettleAsync(venue, 6);
        await venue.ExecuteAsync("UPDATE trades SET settlement = 'failed' WHERE trade_id = $1", trades[0]);
        // A server may crash within a run: the table is away from the third read of fills on.
        var reads = 0;
        await using var node = await FaultyNode.StartAsync(
            fixture.Rpc,
            (request, answer) =>
            {
                if ((string?)request["method"] == "eth_getLogs" && Interlocked.Increment(ref reads) == 3)
                    venue.ExecuteAsync("ALTER TABLE chain_fills RENAME TO chain_fills_away").GetAwaiter().GetResult();
                return answer;
            }
        );
        await AssertNothingAsync(venue, await RunAsync(venue, venue.NewReconciler(node.Transport, Options)), "database");
        await venue.ExecuteAsync("ALTER TABLE chain_fills_away RENAME TO chain_fills");
        Assert.Equal(
            [$"status_mismatch:{trades[0]}"],
            (await RunAsync(venue, venue.NewReconciler(options: Options))).Findings.Select(f => f.NaturalKey)
        );
    }

    [Fact]
    public async Task ARunWhoseNodeDied_IsFailedByTheNextHolder_AndItsBlocksAreAGap()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await SettleAsync(venue, 2);
        var journal = new ReconciliationJournal(venue.Database);
        var run = await journal.StartScheduledAsync(venue.Term, CancellationToken.None);
        await journal.PlanAsync(venue.Term, run, new BlockRange(5, 17), CancellationToken.None);
        await venue.TakeTermAsync();
        await journal.FailAbandonedAsync(venue.Term, CancellationToken.None);
        await journal.FailAbandonedAsync(venue.Term, CancellationToken.None);
        Assert.Equal(
            "5-17 failed",
            await venue.ScalarAsync<string>(
                "SELECT string_agg(from_block || '-' || to_block || ' ' || state, ',') FROM reconciliation_coverage"
            )
        );
        Assert.Equal("failed", await venue.ScalarAsync<string>("SELECT state FROM reconciliation_runs"));
    }

    private static async Task AssertNothingAsync(Venue venue, RunResult result, string why)
    {
        Assert.True(result.Error is not null, why);
        Assert.Equal("failed", await venue.ScalarAsync<string>("SELECT state FROM reconciliation_runs"));
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies"));
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM chain_cursors WHERE name = 'reconciliation'"));
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM reconciliation_coverage WHERE state = 'failed'"));
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM reconciliation_coverage WHERE state = 'covered'"));
    }

    private static async Task<List<long>> SettleAsync(Venue venue, int count)
    {
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trades = new List<long>();
        for (var i = 0; i < count; i++)
        {
            trades.Add(await venue.TradeAsync(alice, bob, 5_000 + i, 10 + i));
            if (i % 2 == 1)
                await venue.SettleAllAsync();
        }

        return trades;
    }

    private static async Task<RunResult> RunAsync(Venue venue, Reconciler reconciler)
    {
        var journal = new ReconciliationJournal(venue.Database);
        var run = await journal.StartScheduledAsync(venue.Term, CancellationToken.None) with { Manual = true };
        var result = await reconciler.RunAsync(run, CancellationToken.None);
        await journal.FinishAsync(venue.Term, result, CancellationToken.None);
        return result;
    }
}
