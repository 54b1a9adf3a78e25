using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// A client that keeps up gets each message. For a slower one they are merged into one with the same effect, because only the newest book
/// is of use. Not thread-safe.
/// </summary>
public sealed class PendingDepth
{
    public const int Limit = 8;

    private readonly List<SharedMessage> _messages = [];

    public int Count => _messages.Count;

    public int Add(SharedMessage message)
    {
        // A snapshot supersedes all changes before it, so they need not be sent.
        var folded = 0;
        if (message.DepthBody!.Snapshot)
        {
            folded = _messages.Count;
            Drop();
        }

        _messages.Add(message);
        if (_messages.Count <= Limit)
            return folded;
        folded += _messages.Count - 1;
        var merged = SharedMessage.Depth(Fold([.. _messages.Select(one => one.DepthBody!)]));
        Drop();
        _messages.Add(merged);
        return folded;
    }

    public SharedMessage TakeFirst()
    {
        var first = _messages[0];
        _messages.RemoveAt(0);
        return first;
    }

    public void Drop()
    {
        foreach (var message in _messages)
            message.Delivered();
        _messages.Clear();
    }

    public static DepthMessage Fold(IReadOnlyList<DepthMessage> messages)
    {
        var levels = new Dictionary<(int Outcome, bool IsBid, int Ticks), LevelChange>();
        foreach (var level in messages.SelectMany(message => message.Levels))
            levels[(level.Outcome, level.IsBid, level.PriceTicks)] = level;
        var (first, last) = (messages[0], messages[^1]);
        return last with
        {
            Previous = first.Previous,
            Snapshot = first.Snapshot,
            Levels = [.. levels.Values.Where(level => !first.Snapshot || level.Lots > 0)],
        };
    }
}
