using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// One market's trades, in the order of the journal and without a gap: what a lost message would have told is read from the journal before
/// anything newer goes out. Only the feed's loop touches it.
/// </summary>
public sealed class TradeStream
{
    /// <summary>Messages that wait while a gap is being filled; beyond it the gap is told instead.</summary>
    public const int MaxWaiting = 1_000;

    /// <summary>Trades read to fill one gap; a longer one is told instead.</summary>
    public const int MaxFill = 1_000;

    private readonly Queue<TradesMessage> _waiting = new();

    public long Epoch { get; private set; }

    /// <summary>Everything up to here was sent, or was there before this node listened.</summary>
    public long Sequence { get; private set; }

    public bool IsFilling { get; private set; }

    /// <summary>The node begins to listen at this position of the journal.</summary>
    public void Begin(long sequence) => Sequence = Math.Max(Sequence, sequence);

    /// <summary>What can be sent now.</summary>
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

    /// <summary>Begins to read what came while nothing was heard. False if that is under way already.</summary>
    public bool BeginFill()
    {
        if (IsFilling)
            return false;
        return IsFilling = true;
    }

    /// <summary>What was missing, if it could be read, and what waited for it.</summary>
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
