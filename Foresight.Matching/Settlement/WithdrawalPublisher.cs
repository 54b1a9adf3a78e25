using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Settlement;

/// <summary>
/// Call with what is committed and marked as sent. Like a trade's state a lost message is noticed by the numbers: owners then read their
/// withdrawals.
/// </summary>
public sealed class WithdrawalPublisher(IBroadcast broadcast)
{
    private const int RepeatsAfterChange = 3;
    private const int SecondsPerRound = 5;

    private readonly Lock _gate = new();
    private long _epoch;
    private long _sequence;
    private int _toRepeat;
    private int _ticks;

    public void Publish(Term term, IReadOnlyList<WithdrawalUpdate> updates)
    {
        lock (_gate)
        {
            Enter(term);
            foreach (var part in updates.Chunk(WithdrawalChanges.MostPerLook))
            {
                var previous = _sequence++;
                broadcast.Publish(Channels.Withdrawals, new WithdrawalsMessage(_epoch, _sequence, part, previous));
                _toRepeat = RepeatsAfterChange;
            }
        }
    }

    /// <summary>
    /// Leaves a number out, as if its message were lost: a request whose block a reorganisation has undone has no state to send, and every
    /// owner reads again what leaves.
    /// </summary>
    public void Skip(Term term)
    {
        lock (_gate)
        {
            Enter(term);
            _sequence++;
            _toRepeat = RepeatsAfterChange;
        }
    }

    /// <summary>
    /// Call each second of a term. A new term begins with a number of its own, because the last message of the holder before may never have
    /// been sent.
    /// </summary>
    public void RepeatPosition(Term term)
    {
        lock (_gate)
        {
            Enter(term);
            var isDue = ++_ticks % SecondsPerRound == 0;
            if (_toRepeat > 0)
                _toRepeat--;
            else if (!isDue)
                return;
            broadcast.Publish(Channels.Withdrawals, new WithdrawalsMessage(_epoch, _sequence, [], _sequence));
        }
    }

    private void Enter(Term term)
    {
        if (term.Epoch == _epoch)
            return;
        (_epoch, _sequence, _toRepeat) = (term.Epoch, 1, RepeatsAfterChange);
    }
}
