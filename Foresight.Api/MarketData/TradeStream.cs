using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Missed trades are read from the journal and sent before newer ones, so that a client gets them in journal order. Only the
/// feed's loop uses it.
/// </summary>
public sealed class TradeStream
{
    /// <summary>Bound on messages that wait while a gap is filled; above it clients are notified of the gap instead.</summary>
    public const int MaxWaiting = 1_000;

    /// <summary>
    /// Bound on trades read to fill a gap, so that a long outage does not read the whole journal; clients are notified of a longer one.
    /// </summary>
    public const int MaxFill = 1_000;

    private readonly Queue<TradesMessage> _waiting = new();

    public long Epoch { get; private set; }

    public long Sequence { get; private set; }

    public bool IsFilling { get; private set; }

    public void Begin(long sequence) => Sequence = Math.Max(Sequence, sequence);

    public IReadOnlyList<TradesMessage> Take(TradesMessage message, out bool isStale, out (long After, long UpTo)? gap)
    {
        (isStale, gap) = (message.Epoch < Epoch, null);
        if (isStale || message.Sequence <= Sequence)
            return [];
        if (IsFilling)
        {
            if (_waiting.Count < MaxWaiting)
                _waiting.Enqueue(message);
            return [];
        }

        if (message.Previous > Sequence)
        {
            IsFilling = true;
            _waiting.Enqueue(message);
            gap = (Sequence, message.Previous);
            return [];
        }

        return [Follow(message)];
    }

    public bool BeginFill()
    {
        if (IsFilling)
            return false;
        return IsFilling = true;
    }

    public IReadOnlyList<TradesMessage> EndFill(int market, IReadOnlyList<TradeView>? missing)
    {
        IsFilling = false;
        var messages = new List<TradesMessage>();
        if (missing is { Count: > 0 })
            messages.Add(Follow(new TradesMessage(market, missing[^1].Epoch, missing[^1].Sequence, Sequence, missing)));
        while (_waiting.TryDequeue(out var message))
        {
            if (message.Sequence > Sequence)
                messages.Add(Follow(message));
        }

        return messages;
    }

    private TradesMessage Follow(TradesMessage message)
    {
        var followed = message with { Previous = Sequence };
        Epoch = Math.Max(Epoch, message.Epoch);
        Sequence = message.Sequence;
        return followed;
    }
}
