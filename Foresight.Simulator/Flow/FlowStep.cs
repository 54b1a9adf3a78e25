using Foresight.Client;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Flow;

/// <summary>After the pause, the order in the slot is cancelled and the new one sent.</summary>
/// <param name="Slot">Null for an order that never rests.</param>
public readonly record struct FlowStep(TimeSpan Pause, Trader Trader, OrderIntent Intent, RestingSlot? Slot);

/// <summary>A trader cancels the order here before it places the next one, so the number of its resting orders is bounded.</summary>
public sealed class RestingSlot
{
    private int _busy;

    /// <summary>It may have been filled or have expired since, because only the exchange knows.</summary>
    public SignedPlacement? Live { get; set; }

    /// <summary>
    /// In an outage an earlier decision for this slot may still be in flight, and a second one would lose track of its order.
    /// </summary>
    public bool TryEnter() => Interlocked.CompareExchange(ref _busy, 1, 0) == 0;

    public void Leave() => Volatile.Write(ref _busy, 0);
}

/// <summary>Endless. Called from one thread only, so an implementation needs no lock.</summary>
public interface IOrderFlow
{
    FlowStep Next();
}
