using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Flow;

/// <summary>One decision: after the pause, cancel the order in the slot and send the new one.</summary>
/// <param name="Pause">Time since the previous decision.</param>
/// <param name="Slot">Holds a resting order that is replaced later; null for an order that never rests.</param>
public readonly record struct FlowStep(TimeSpan Pause, Trader Trader, OrderIntent Intent, RestingSlot? Slot);

/// <summary>Holds one resting order of one trader, who cancels it before placing the next.</summary>
public sealed class RestingSlot
{
    private int _busy;

    /// <summary>Last order placed here and not cancelled; it may have been filled or have expired since.</summary>
    public SignedPlacement? Live { get; set; }

    /// <summary>False while an earlier decision for this slot is in flight, as in an outage.</summary>
    public bool TryEnter() => Interlocked.CompareExchange(ref _busy, 1, 0) == 0;

    public void Leave() => Volatile.Write(ref _busy, 0);
}

/// <summary>Endless source of decisions. Called from one thread only.</summary>
public interface IOrderFlow
{
    FlowStep Next();
}
