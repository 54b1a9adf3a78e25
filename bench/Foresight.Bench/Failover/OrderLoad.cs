using System.Collections.Concurrent;
using System.Diagnostics;
using Foresight.Protocol;
using Foresight.Cluster;

namespace Foresight.Bench.Failover;

/// <param name="SentAt">Timestamp of the order.</param>
/// <param name="At">Timestamp of the answer.</param>
internal readonly record struct Acknowledged(Guid RequestId, string OrderHash, bool Accepted, JournalPlace Place, long SentAt, long At);

/// <summary>
/// Orders at a steady rate, whatever becomes of them (open loop), over all markets and accounts, at prices that trade often. Each is given up only
/// long after any take-over should be over.
/// </summary>
internal sealed class OrderLoad : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly LeaderRouter router;
    private readonly double rate;
    private readonly Random random;
    private readonly Traders traders;
    private readonly CancellationTokenSource ending = new();
    private readonly ConcurrentQueue<Acknowledged> acknowledged = new();
    private readonly ConcurrentDictionary<string, int> others = new();
    private readonly ConcurrentDictionary<Task, byte> underWay = new();
    private readonly Task sending;
    private long lastEpoch;
    private long lastSequence;

    public OrderLoad(LeaderRouter router, double rate, int seed)
    {
        (this.router, this.rate, random, traders) = (router, rate, new Random(seed), new Traders(seed));
        sending = SendAllAsync();
    }

    /// <summary>Orders without an answer so far.</summary>
    public int UnderWay => underWay.Count;

    /// <summary>Orders a second.</summary>
    public double Rate => rate;

    public long Sent { get; private set; }

    public IReadOnlyCollection<Acknowledged> Acknowledgements => acknowledged;

    /// <summary>Answers that are no answer of the exchange (too late, in doubt), by name.</summary>
    public IReadOnlyDictionary<string, int> Others => others;

    /// <summary>The highest that any acknowledgement came from.</summary>
    public long LastEpoch => Volatile.Read(ref lastEpoch);

    /// <summary>The highest that was acknowledged.</summary>
    public long LastSequence => Volatile.Read(ref lastSequence);

    public int Count => acknowledged.Count;

    /// <summary>Stops sending and waits for every answer.</summary>
    public async Task FinishAsync()
    {
        await ending.CancelAsync();
        await sending;
        await Task.WhenAll(underWay.Keys);
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        ending.Dispose();
    }

    private async Task SendAllAsync()
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Tick);
        try
        {
            while (await timer.WaitForNextTickAsync(ending.Token))
                for (var due = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * rate); Sent < due; Sent++)
                {
                    var task = SendOneAsync(Next());
                    underWay.TryAdd(task, 0);
                    _ = task.ContinueWith(done => underWay.TryRemove(done, out _), TaskScheduler.Default);
                }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Enough.
        }
    }

    private PlaceOrder Next() => traders.Place(
        random.Next(1, FaultCluster.Accounts + 1), random.Next(1, FaultCluster.Markets + 1), random.Next(2), isBuy: true,
        price: random.Next(4_900, 5_100), lots: random.Next(1, 100)) with { Deadline = DateTimeOffset.UtcNow + Deadline };

    private async Task SendOneAsync(PlaceOrder command)
    {
        var sentAt = Stopwatch.GetTimestamp();
        var result = await router.SendAsync(command);
        if (result.Status is not (ResultStatus.Accepted or ResultStatus.Rejected) || result.Sequence == 0)
        {
            others.AddOrUpdate(result.Code ?? result.Status.ToString(), 1, static (_, count) => count + 1);
            return;
        }

        var place = new JournalPlace(result.Epoch, result.Sequence);
        acknowledged.Enqueue(new Acknowledged(
            command.RequestId, command.Hash, result.Status == ResultStatus.Accepted, place, sentAt, Stopwatch.GetTimestamp()));
        lock (acknowledged) (lastEpoch, lastSequence) = (Math.Max(lastEpoch, result.Epoch), Math.Max(lastSequence, result.Sequence));
    }
}
