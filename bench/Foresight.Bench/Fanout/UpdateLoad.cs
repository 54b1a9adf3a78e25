using System.Collections.Concurrent;
using System.Diagnostics;
using Foresight.Bench.Stack;
using Foresight.Protocol;

namespace Foresight.Bench.Fanout;

/// <summary>A round has an order for each market, so it changes every book.</summary>
internal sealed class UpdateLoad(TradingStack stack)
{
    /// <summary>A round is dropped while this many are unanswered, so that the rate falls instead of the queue growing.</summary>
    private const int MaxUnderWay = 8;

    private readonly RestingFlow _flow = new(stack);
    private readonly ConcurrentDictionary<int, long> _last = new();

    /// <summary>Every client's book must reach these positions before books are compared.</summary>
    public IReadOnlyDictionary<int, long> Last => _last;

    public async Task<int> RunAsync(int perSecond, TimeSpan duration)
    {
        var markets = stack.BinaryMarkets.Count;
        var orders = _flow.Sign((int)(perSecond * duration.TotalSeconds) * markets);
        var underWay = new List<Task>();
        var sent = 0;
        // Paced by the clock, because a timer's period has whole milliseconds.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var began = Stopwatch.GetTimestamp();
        for (var due = 0; due < orders.Count / markets; due++)
        {
            while (Stopwatch.GetElapsedTime(began).TotalSeconds * perSecond < due + 1)
                await timer.WaitForNextTickAsync();
            underWay.RemoveAll(round => round.IsCompletedSuccessfully);
            if (underWay.Count >= MaxUnderWay)
                continue;
            underWay.Add(SendAsync([.. orders.Skip(due * markets).Take(markets)]));
            sent++;
        }

        await Task.WhenAll(underWay);
        return sent;
    }

    private async Task SendAsync(IReadOnlyList<Stack.SignedOrder> round)
    {
        var results = await stack.Router.SendAsync([.. round.Select(order => order.Command())]);
        foreach (var (order, result) in round.Zip(results))
        {
            if (result.Status != ResultStatus.Accepted)
                throw new InvalidOperationException($"an order was answered {result.Status} {result.Code}");
            if (!order.Terms.IsImmediate)
                _last.AddOrUpdate(order.Terms.Market.Id, result.Sequence, (_, last) => Math.Max(last, result.Sequence));
        }
    }
}
