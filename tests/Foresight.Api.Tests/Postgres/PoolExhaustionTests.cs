using System.Collections.Concurrent;
using System.Diagnostics;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using Npgsql;
using Xunit.Abstractions;

namespace Foresight.Api.Tests.Postgres;

[Collection(ApiStackCollection.Name)]
public sealed class PoolExhaustionTests(ApiStack stack, ITestOutputHelper output)
{
    /// <summary>More than both of the node's pools hold together, so that no connection is left.</summary>
    private const int Readers = 100;

    private const int Orders = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>An order is acknowledged within a second; three allow for a busy machine.</summary>
    private static readonly TimeSpan LongestOrder = TimeSpan.FromSeconds(1) * 3;

    [Fact]
    public async Task WithEveryConnectionTaken_OrdersGoOn_OtherReadsAreRefused_AndThatEndsWithItsCause()
    {
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command =>
                Task.FromResult(
                    new CommandResult(command.RequestId, ResultStatus.Accepted, null, 7, 11) { OrderStatus = "open", RemainingLots = 100 }
                )
        );
        var refusals = new ConcurrentQueue<TimeSpan>();
        using var enough = new CancellationTokenSource();
        await using var probes = new ProbeLatency(
            stack.Http,
            new Uri(stack.Http.BaseAddress!, "alive"),
            new Uri(stack.Http.BaseAddress!, "ready")
        );
        // A node reads the strikes with its first order and caches them; the test is about a node in service.
        await PlaceAsync([0]);
        List<Task> readers;
        List<TimeSpan> orders;
        long releasedAt;
        await using (var holder = await stack.Primary.OpenConnectionAsync())
        {
            await using var transaction = await holder.BeginTransactionAsync();
            await using (var take = new NpgsqlCommand("LOCK TABLE trades IN ACCESS EXCLUSIVE MODE", holder))
                await take.ExecuteNonQueryAsync();
            readers = [.. Enumerable.Range(0, Readers).Select(_ => ReadAsync("trades", enough.Token))];
            // A read of another table, because no lock blocks it.
            await Eventually.TrueAsync("no connection is left", Patience, async () => await RefusedAsync(refusals));

            orders =
            [
                .. await Task.WhenAll(Enumerable.Range(0, Orders).Chunk(Orders / 10).Select(PlaceAsync))
                    .ContinueWith(all => all.Result.SelectMany(took => took)),
            ];
            await RefusedAsync(refusals);
            await enough.CancelAsync();
            await transaction.RollbackAsync();
            releasedAt = Stopwatch.GetTimestamp();
        }

        await Eventually.TrueAsync("reads are answered again", Patience, async () => !await RefusedAsync(refusals));
        var back = Stopwatch.GetElapsedTime(releasedAt);
        await Task.WhenAll(readers);
        await probes.DisposeAsync();

        orders.Sort();
        var p99 = orders[(int)(orders.Count * 0.99) - 1];
        output.WriteLine(
            $"pool exhausted: {orders.Count} orders p50 {orders[orders.Count / 2].TotalMilliseconds:0} ms, p99 {p99.TotalMilliseconds:0} "
                + $"ms, max {orders[^1].TotalMilliseconds:0} ms; "
                + $"{refusals.Count} reads refused, the last to wait {refusals.Max().TotalSeconds:0.0} s; "
                + $"answered again after {back.TotalSeconds:0.00} s; {probes}"
        );
        Assert.InRange(p99, TimeSpan.Zero, LongestOrder);
    }

    private async Task<IReadOnlyList<TimeSpan>> PlaceAsync(int[] numbers)
    {
        var took = new List<TimeSpan>();
        foreach (var _ in numbers)
        {
            var started = Stopwatch.GetTimestamp();
            var (status, _, _) = await stack.Http.PostAsync("orders", Signed.Order());
            took.Add(Stopwatch.GetElapsedTime(started));
            Assert.Equal(201, status);
        }

        return took;
    }

    /// <summary>A caller must not be left to its own timeout, so a read is refused with its code when no connection is free.</summary>
    private async Task<bool> RefusedAsync(ConcurrentQueue<TimeSpan> refusals)
    {
        var started = Stopwatch.GetTimestamp();
        using var response = await stack.Http.GetAsync($"orders?maker={Signed.Maker.Address}");
        if (response.IsSuccessStatusCode)
            return false;
        Assert.Equal(503, (int)response.StatusCode);
        refusals.Enqueue(Stopwatch.GetElapsedTime(started));
        return true;
    }

    private async Task ReadAsync(string path, CancellationToken enough)
    {
        do
        {
            using var response = await stack.Http.GetAsync(path, CancellationToken.None);
            if (!response.IsSuccessStatusCode)
                Assert.Equal(503, (int)response.StatusCode);
        } while (!enough.IsCancellationRequested);
    }
}
