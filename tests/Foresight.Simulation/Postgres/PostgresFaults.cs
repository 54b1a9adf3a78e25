using Foresight.Matching.Journal;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Postgres;

internal sealed class PostgresFaults(Dice dice)
{
    public double HoldChance { get; set; } = 0.004;
    public TimeSpan LongestHold { get; set; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan? HoldNextBeforeWrite { get; set; }

    public TimeSpan? HoldNextBeforeCommit { get; set; }

    public TimeSpan? HoldNextAfterCommit { get; set; }

    public int AnswersToLose { get; set; }

    public bool LosesNextSnapshotsAnswer { get; set; }

    public int Deadlocks { get; set; }

    public bool ReadOnly { get; set; }

    public bool LosesRenewals { get; set; }

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
        (LosesNextSnapshotsAnswer, LosesRenewals) = (false, false);
        (AnswersToLose, Deadlocks, ReadOnly, HoldChance, LongestHold) = (0, 0, false, 0.004, TimeSpan.FromMilliseconds(100));
    }

    private static TimeSpan Take(TimeSpan? hold, Action used)
    {
        used();
        return hold ?? TimeSpan.Zero;
    }
}
