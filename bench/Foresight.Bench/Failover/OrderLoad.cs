using System.Collections.Concurrent;
using System.Diagnostics;
using Foresight.Cluster;
using Foresight.Protocol;

namespace Foresight.Bench.Failover;

internal readonly record struct Acknowledged(Guid RequestId, string OrderHash, bool Accepted, JournalPlace Place, long SentAt, long At);

/// <summary>
/// Open loop, over all markets and accounts, at prices that trade often. An order times out only long after any failover should be over, so
/// that one without an answer is a fault.
/// </summary>
internal sealed class OrderLoad : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly LeaderRouter _router;
    private readonly double _rate;
    private readonly Random _random;
    private readonly Traders _traders;
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentQueue<Acknowledged> _acknowledged = new();
    private readonly ConcurrentDictionary<string, int> _others = new();
    private readonly ConcurrentDictionary<Task, byte> _underWay = new();
    private readonly Task _sending;
    private long _lastEpoch;
    private long _lastSequence;

    public OrderLoad(LeaderRouter router, double rate, int seed)
    {
        (_router, _rate, _random, _traders) = (router, rate, new Random(seed), new Traders(seed));
        _sending = SendAllAsync();
    }

    public int UnderWay => _underWay.Count;

    public double Rate => _rate;

    public long Sent { get; private set; }

    public IReadOnlyCollection<Acknowledged> Acknowledgements => _acknowledged;

    public IReadOnlyDictionary<string, int> Others => _others;

    public long LastEpoch => Volatile.Read(ref _lastEpoch);

    public long LastSequence => Volatile.Read(ref _lastSequence);

    public int Count => _acknowledged.Count;

    public async Task FinishAsync()
    {
        await _ending.CancelAsync();
        await _sending;
        await Task.WhenAll(_underWay.Keys);
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        _ending.Dispose();
    }

    private async Task SendAllAsync()
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Tick);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
                for (var due = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * _rate); Sent < due; Sent++)
                {
                    var task = SendOneAsync(Next());
                    _underWay.TryAdd(task, 0);
                    _ = task.ContinueWith(done => _underWay.TryRemove(done, out _), TaskScheduler.Default);
                }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // Cancelling is how the load is stopped, so this is no failure.
        }
    }

    private PlaceOrder Next() =>
        _traders.Place(
            _random.Next(1, FaultCluster.Accounts + 1),
            _random.Next(1, FaultCluster.Markets + 1),
            _random.Next(2),
            isBuy: true,
            price: _random.Next(4_900, 5_100),
            lots: _random.Next(1, 100)
        ) with
        {
            Deadline = DateTimeOffset.UtcNow + Deadline,
        };

    private async Task SendOneAsync(PlaceOrder command)
    {
        var sentAt = Stopwatch.GetTimestamp();
        var result = await _router.SendAsync(command);
        if (result.Status is not (ResultStatus.Accepted or ResultStatus.Rejected) || result.Sequence == 0)
        {
            _others.AddOrUpdate(result.Code ?? result.Status.ToString(), 1, static (_, count) => count + 1);
            return;
        }

        var place = new JournalPlace(result.Epoch, result.Sequence);
        _acknowledged.Enqueue(
            new Acknowledged(
                command.RequestId,
                command.Hash,
                result.Status == ResultStatus.Accepted,
                place,
                sentAt,
                Stopwatch.GetTimestamp()
            )
        );
        lock (_acknowledged)
            (_lastEpoch, _lastSequence) = (Math.Max(_lastEpoch, result.Epoch), Math.Max(_lastSequence, result.Sequence));
    }
}
