using System.Collections.Concurrent;
using Foresight.Client;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Load;

/// <param name="MaxInFlight">At the limit new decisions are skipped and counted, because a queue would hide the server's latency.</param>
/// <param name="DrainTimeout">Time at the end of a run to learn the fate of orders in flight.</param>
/// <param name="Adapt">True: a trader changes or drops an order that it cannot pay for. False: every decision is sent.</param>
/// <param name="CancelAtEnd">True: orders that still rest in the flow's slots are cancelled within the drain timeout.</param>
public sealed record LoadOptions(int MaxInFlight, TimeSpan DrainTimeout, bool Adapt, bool CancelAtEnd = false);

/// <summary>
/// Open loop: a slow server does not slow the flow, which would hide its latency. Shared with the end-to-end tests and the benchmarks,
/// because clients of their own would count other things as an answer (docs/decisions/0800).
/// </summary>
public sealed class LoadGenerator(
    ForesightClient api,
    OrderSigner signer,
    IOrderFlow flow,
    LoadStatistics statistics,
    LoadOptions options,
    TimeProvider clock
)
{
    private readonly SemaphoreSlim _inFlight = new(options.MaxInFlight);

    private readonly ConcurrentDictionary<RestingSlot, Trader> _resting = new();

    /// <summary>
    /// Runs until <paramref name="stop"/>, then waits for orders in flight. Throws if the API reports a malformed request, because that
    /// is a defect here.
    /// </summary>
    public async Task<LoadReport> RunAsync(CancellationToken stop)
    {
        using var abandon = new CancellationTokenSource();
        var due = TimeSpan.Zero;
        var started = clock.GetTimestamp();
        var underWay = new List<Task>();
        while (!stop.IsCancellationRequested)
        {
            var step = flow.Next();
            due += step.Pause;
            var ahead = due - clock.GetElapsedTime(started);
            // After a long pause of the machine the backlog is dropped, because a burst would measure the pause.
            if (ahead < -TimeSpan.FromSeconds(5))
                due -= ahead;
            else if (ahead > TimeSpan.Zero && !await PauseAsync(ahead, stop).ConfigureAwait(false))
                break;

            if (!_inFlight.Wait(0, CancellationToken.None))
            {
                statistics.OnSkipped();
                continue;
            }

            underWay.Add(CarryOutAsync(step, started, due, abandon.Token));
            await RethrowFinishedAsync(underWay).ConfigureAwait(false);
        }

        abandon.CancelAfter(options.DrainTimeout);
        await Task.WhenAll(underWay).ConfigureAwait(false);
        if (options.CancelAtEnd)
            await CancelRestingAsync(abandon.Token).ConfigureAwait(false);
        return statistics.Report();
    }

    private async Task CancelRestingAsync(CancellationToken abandon)
    {
        try
        {
            await Task.WhenAll(_resting.Select(slot => CancelOldAsync(slot.Key, slot.Value, abandon))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (abandon.IsCancellationRequested)
        {
            // Timed out, which leaves nothing behind for long: makers' quotes expire by themselves.
        }
    }

    private async Task<bool> PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        try
        {
            await Task.Delay(pause, clock, stop).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task RethrowFinishedAsync(List<Task> underWay)
    {
        for (var i = underWay.Count - 1; i >= 0; i--)
        {
            if (!underWay[i].IsCompleted)
                continue;
            await underWay[i].ConfigureAwait(false);
            underWay.RemoveAt(i);
        }
    }

    private async Task CarryOutAsync(FlowStep step, long started, TimeSpan due, CancellationToken abandon)
    {
        try
        {
            var intent = options.Adapt ? step.Trader.Holdings.Afford(step.Intent) : step.Intent;
            if (intent is null || step.Slot?.TryEnter() == false)
            {
                statistics.OnSkipped();
                return;
            }

            try
            {
                if (step.Slot is { } slot)
                    await CancelOldAsync(slot, step.Trader, abandon).ConfigureAwait(false);
                if (await PlaceAsync(step, intent, abandon).ConfigureAwait(false) is { } done)
                    statistics.OnAcknowledged(
                        new Acknowledgement(
                            done.OrderId,
                            done.Epoch,
                            done.Sequence,
                            intent.Quantity.Lots,
                            clock.GetElapsedTime(started) - due,
                            clock.GetUtcNow(),
                            done.WasInDoubt
                        )
                    );
            }
            finally
            {
                step.Slot?.Leave();
            }
        }
        catch (OperationCanceledException) when (abandon.IsCancellationRequested)
        {
            statistics.OnUnresolved();
        }
        finally
        {
            _inFlight.Release();
        }
    }

    private async Task CancelOldAsync(RestingSlot slot, Trader trader, CancellationToken abandon)
    {
        if (slot.Live is not { } old)
            return;
        await api.CancelAsync(signer.SignCancel(trader, old), abandon).ConfigureAwait(false);
        slot.Live = null;
        _resting.TryRemove(slot, out _);
        statistics.OnCancelled();
    }

    private async Task<PlaceOutcome.Acknowledged?> PlaceAsync(FlowStep step, OrderIntent intent, CancellationToken abandon)
    {
        var placement = signer.Sign(step.Trader, intent);
        step.Trader.Holdings.Reserve(intent);
        statistics.OnSent();
        switch (await api.PlaceAsync(placement, abandon).ConfigureAwait(false))
        {
            case PlaceOutcome.Acknowledged done:
                if (step.Slot is { } slot)
                {
                    slot.Live = placement;
                    _resting[slot] = step.Trader;
                }

                return done;
            case PlaceOutcome.Rejected refused:
                statistics.OnRejected(refused);
                return null;
            default:
                throw new InvalidOperationException("an order has exactly two fates");
        }
    }
}
