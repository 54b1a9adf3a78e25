using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Flow;

/// <summary>One decision: after the pause, the trader sends the order; a slot's old order is cancelled first.</summary>
/// <param name="Pause">Since the decision before.</param>
/// <param name="Slot">Where a resting order is kept, so that it can be replaced later; null for one that never rests.</param>
public readonly record struct FlowStep(TimeSpan Pause, Trader Trader, OrderIntent Intent, RestingSlot? Slot);

/// <summary>A place for one resting order of one trader, who cancels what is in it before he puts the next one there.</summary>
public sealed class RestingSlot
{
    private int _busy;

    /// <summary>The last order put here that was not cancelled; it may have been filled or have expired since.</summary>
    public SignedPlacement? Live { get; set; }

    /// <summary>False while an earlier decision about this slot is still on its way, as in an outage.</summary>
    public bool TryEnter() => Interlocked.CompareExchange(ref _busy, 1, 0) == 0;

    public void Leave() => Volatile.Write(ref _busy, 0);
}

/// <summary>An endless source of decisions. Asked by one thread only.</summary>
public interface IOrderFlow
{
    FlowStep Next();
}
