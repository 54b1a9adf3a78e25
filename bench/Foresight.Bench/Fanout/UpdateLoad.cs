using System.Collections.Concurrent;
using Foresight.Bench.Stack;
using Foresight.Protocol;

namespace Foresight.Bench.Fanout;

/// <summary>A round has an order for each market, so it changes every book.</summary>
internal sealed class UpdateLoad(TradingStack stack)
{
    /// <summary>A round is dropped while this many are unanswered, so that the rate falls instead of the queue growing.</summary>
    private const int MaxUnderWay = 8;

    /// <summary>A timer's period has at least a millisecond, so above it several rounds share a tick.</summary>
    private const int MaxTicksPerSecond = 1_000;

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
        var roundsPerTick = (perSecond + MaxTicksPerSecond - 1) / MaxTicksPerSecond;
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / perSecond * roundsPerTick);
        for (var due = 0; due < orders.Count / markets; due++)
        {
            if (due % roundsPerTick == 0)
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
