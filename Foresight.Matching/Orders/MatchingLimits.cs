namespace Foresight.Matching.Orders;

internal static class MatchingLimits
{
    /// <summary>Of a co-signature's deadline: its account needs time to send it, and its money is held no longer than needed.</summary>
    public const long LeastWithdrawalSeconds = 60;

    public const long MostWithdrawalSeconds = 3_600;

    /// <summary>Bounds one commit. The rest waits for the next batch, about one commit (a few milliseconds) later.</summary>
    public const int BatchCommands = 1_000;

    /// <summary>
    /// Commands that wait to be sequenced: ten batches. One more is refused as late, which bounds both memory and waiting time.
    /// </summary>
    public const int WaitingCommands = 10_000;

    /// <summary>Bounds the body of a request to the gateway to about 4 MB. A request with more commands is rejected.</summary>
    public const int CommandsPerRequest = 2_000;

    /// <summary>
    /// Commands between two snapshots of the engine, and so about the most that a recovery replays. The engine replays over a million
    /// commands per second, so the replay adds at most about 50 ms to a take-over.
    /// </summary>
    public const int CommandsPerSnapshot = 50_000;

    /// <summary>Snapshots kept. More than one, so that an unreadable snapshot costs only a longer replay.</summary>
    public const int SnapshotsKept = 3;

    /// <summary>
    /// Quarantined commands of a shard. With more than this the commands are hardly the cause, so the next failure ends the term.
    /// </summary>
    public const int FailedCommands = 1_000;

    /// <summary>
    /// An account's cancels that met no open order, within <see cref="EarlyCancelsPeriod"/>. One more is refused, because such a cancel
    /// costs its maker nothing and is kept for ever. As many as a market maker's cancels that arrive too late in a busy hour.
    /// </summary>
    public const int EarlyCancelsPerAccount = 1_000;

    public static readonly TimeSpan EarlyCancelsPeriod = TimeSpan.FromDays(1);

    /// <summary>Quarantine beyond the command's deadline, for copies of it that are still on their way.</summary>
    public static readonly TimeSpan FailedCommandMargin = TimeSpan.FromMinutes(1);

    /// <summary>Kept for analysis; the next failure deletes those that are older.</summary>
    public static readonly TimeSpan FailedCommandsKept = TimeSpan.FromDays(30);

    /// <summary>
    /// Sampled commands of one batch that get spans, five each; the others get none before settlement. A caller who requests a trace for
    /// every order then costs the publisher less than a millisecond per batch.
    /// </summary>
    public const int TracedCommands = 64;

    /// <summary>
    /// Publications that wait to be sent to Redis. Beyond this the newest is dropped, and receivers detect the gap by its numbers.
    /// </summary>
    public const int WaitingPublications = 1_000;

    /// <summary>Repetitions of a market's last position once it falls silent, one per tick: Redis may lose a repetition too.</summary>
    public const int PositionRepeats = 3;

    /// <summary>Ticks between two messages with the hash of a market's book; a forged book is found and replaced in this time.</summary>
    public const int TicksPerHash = 5;

    /// <summary>Order updates of one message: 0.4 KB each, and a message has at most 1 MiB.</summary>
    public const int UpdatesPerMessage = 500;

    /// <summary>
    /// Interval of the timers (expiries, closing times, new markets, statistics). Expiries are in whole seconds, so a shorter one would
    /// gain nothing.
    /// </summary>
    public static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How far the database's clock may be ahead of every other clock and still be believed. More than the newest confirmed block is behind
    /// on a chain with slow blocks; markets and orders end this much too early at most.
    /// </summary>
    public static readonly TimeSpan DatabaseClockAhead = TimeSpan.FromMinutes(5);

    /// <summary>Every price that exists, per side and outcome, so a snapshot is never cut.</summary>
    public const int DepthLevels = Engine.Price.MaxTicks;
}
