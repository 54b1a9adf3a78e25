using Foresight.Matching.Journal;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Postgres;

/// <summary>What goes wrong inside the server, beside whole-server faults. Set by the nemesis.</summary>
internal sealed class PostgresFaults(Dice dice)
{
    /// <summary>How often a step of a transaction has to wait (for a disk, a lock, the processor), and for how long at most.</summary>
    public double HoldChance { get; set; } = 0.004;
    public TimeSpan LongestHold { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The next transaction is held open before its rows are written, with the fence behind it.</summary>
    public TimeSpan? HoldNextBeforeWrite { get; set; }

    /// <summary>The next transaction is held open when all is done but the commit.</summary>
    public TimeSpan? HoldNextBeforeCommit { get; set; }

    /// <summary>The next commit happens, and its answer comes this late.</summary>
    public TimeSpan? HoldNextAfterCommit { get; set; }

    /// <summary>Commits whose answer is never sent.</summary>
    public int AnswersToLose { get; set; }

    /// <summary>The next snapshot is stored and its answer is never sent, nor that of the commit after it.</summary>
    public bool LosesNextSnapshotsAnswer { get; set; }

    /// <summary>The next writes end in a deadlock with somebody else.</summary>
    public int Deadlocks { get; set; }

    public bool ReadOnly { get; set; }

    public void Storing()
    {
        if (!LosesNextSnapshotsAnswer)
            return;
        LosesNextSnapshotsAnswer = false;
        AnswersToLose = 2;
    }

    public bool LosesAnswer() => AnswersToLose > 0 && AnswersToLose-- > 0;

    public bool Deadlocked() => Deadlocks > 0 && Deadlocks-- > 0;

    public TimeSpan HoldBefore(JournalStep step)
    {
        var ordered = step switch
        {
            JournalStep.WriteRows => Take(HoldNextBeforeWrite, () => HoldNextBeforeWrite = null),
            JournalStep.Commit => Take(HoldNextBeforeCommit, () => HoldNextBeforeCommit = null),
            JournalStep.ReadBack => Take(HoldNextAfterCommit, () => HoldNextAfterCommit = null),
            _ => TimeSpan.Zero,
        };
        if (ordered > TimeSpan.Zero)
            return ordered;
        return dice.Chance(HoldChance) ? dice.Between(TimeSpan.Zero, LongestHold) : TimeSpan.Zero;
    }

    public void Stop()
    {
        (HoldNextBeforeWrite, HoldNextBeforeCommit, HoldNextAfterCommit) = (null, null, null);
        LosesNextSnapshotsAnswer = false;
        (AnswersToLose, Deadlocks, ReadOnly, HoldChance, LongestHold) = (0, 0, false, 0.004, TimeSpan.FromMilliseconds(100));
    }

    private static TimeSpan Take(TimeSpan? hold, Action used)
    {
        used();
        return hold ?? TimeSpan.Zero;
    }
}
