using System.Diagnostics;
using System.Text.Json.Nodes;
using Foresight.Bench.Stack;

namespace Foresight.Bench.Fanout;

/// <summary>
/// <c>fanout [--seconds N] [--clients N] [--rate N]</c>: first all books change N times a second, which is where the time from Redis to a
/// client is taken; then the rate is doubled from step to step until clients do not get more. A message is one update delivered to one
/// client; merged ones do not count, because a client is spared them. Exit status 0 if no client missed a message without notice or was cut
/// off, and every book is the server's in the end.
/// </summary>
internal static class FanoutVerb
{
    private const int Nodes = 2;
    private const int WarmUpRate = 64;
    private const int FirstStepRate = 32;
    private const int MaxStepRate = 1_024;

    /// <summary>A smaller gain over the best step so far means that the clients' limit is reached.</summary>
    private const double Growth = 1.05;

    /// <summary>
    /// Until the runtime has compiled the hot paths for good: before, more than half of the leader's processor time goes into that.
    /// </summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(25);

    public static async Task<int> RunAsync(Options options)
    {
        var seconds = (int)options.Number("seconds", 8, 1, 600);
        var count = (int)options.Number("clients", 200, 2 * Nodes, 10_000);
        var rate = (int)options.Number("rate", 20, 1, 1_000);
        options.RequireNoOthers();

        Console.WriteLine($"starting Postgres, Redis, a chain, a matching node and {Nodes} Api nodes");
        await using var stack = await TradingStack.StartAsync(new TradingStackOptions(Traders: 32, Markets: 4));
        await stack.StartNodeAsync();
        List<Uri> nodes = [];
        while (nodes.Count < Nodes)
            nodes.Add(await stack.StartApiAsync());
        using var published = new PublishTimes(stack.Redis, TradingStack.Secret);
        await using var clients = await FanoutClients.OpenAsync(stack, nodes, count);
        var load = new UpdateLoad(stack);
        Console.WriteLine($"{count} clients are connected; warming up");
        await load.RunAsync(WarmUpRate, WarmUp);

        Console.WriteLine($"{"rounds/s", 10} {"offered/s", 12} {"delivered/s", 12}");
        var began = Stopwatch.GetTimestamp();
        await StepAsync(load, published, clients, count, rate, TimeSpan.FromSeconds(seconds));
        await clients.ArrivedAsync(load.Last);
        var (p50, p99) = Latency(clients, published, began);
        var best = 0.0;
        for (var step = FirstStepRate; step <= MaxStepRate; step *= 2)
        {
            var delivered = await StepAsync(load, published, clients, count, step, TimeSpan.FromSeconds(Math.Max(1, seconds / 2.0)));
            var grows = delivered >= best * Growth;
            best = Math.Max(best, delivered);
            if (!grows)
                break;
        }

        await clients.ArrivedAsync(load.Last);
        var (gaps, wrongSums) = clients.Breaks();
        var wrongBooks = await clients.WrongBooksAsync();
        Console.WriteLine(
            $"{best:0} messages/s at most; {p50:0.00} ms (p50), {p99:0.00} ms (p99) at {rate} rounds/s; "
                + $"{gaps} gaps, {clients.Announced} announced, "
                + $"{wrongSums} wrong checksums, {wrongBooks} wrong books, {clients.Closed} clients cut off"
        );
        Console.WriteLine(
            new JsonObject
            {
                ["messages_per_s"] = Math.Round(best),
                ["p50_ms"] = Math.Round(p50, 3),
                ["p99_ms"] = Math.Round(p99, 3),
                ["clients"] = count,
                ["rate"] = rate,
                ["undetected_gaps"] = gaps,
                ["wrong_checksums"] = wrongSums,
                ["wrong_books"] = wrongBooks,
                ["cut_off"] = clients.Closed,
            }.ToJsonString()
        );
        return gaps == 0 && wrongSums == 0 && wrongBooks == 0 && clients.Closed == 0 ? 0 : 1;
    }

    private static async Task<double> StepAsync(
        UpdateLoad load,
        PublishTimes published,
        FanoutClients clients,
        int count,
        int rate,
        TimeSpan duration
    )
    {
        var (before, publishedBefore, began) = (clients.Messages, published.Count, Stopwatch.GetTimestamp());
        await load.RunAsync(rate, duration);
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var delivered = (clients.Messages - before) / took;
        Console.WriteLine($"{rate, 10} {(published.Count - publishedBefore) * count / took, 12:0} {delivered, 12:0}");
        return delivered;
    }

    private static (double P50, double P99) Latency(FanoutClients clients, PublishTimes published, long since)
    {
        // A client may get a message before the Redis subscriber beside it, so a negative time counts as none.
        var times = clients
            .Verifying.SelectMany(client =>
                client.Read(
                    (_, received) =>
                        received
                            .Where(one => one.At >= since)
                            .Select(one =>
                                published.Of(one.Market, one.Sequence) is { } at
                                    ? Math.Max(0, Stopwatch.GetElapsedTime(at, one.At).TotalMilliseconds)
                                    : 0
                            )
                            .ToList()
                )
            )
            .Order()
            .ToList();
        return (times[times.Count / 2], times[times.Count * 99 / 100]);
    }
}
