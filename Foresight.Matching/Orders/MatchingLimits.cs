namespace Foresight.Matching.Orders;

internal static class MatchingLimits
{
    /// <summary>Commands in one commit. The rest waits for the next batch, about one commit (a few milliseconds) later.</summary>
    public const int BatchCommands = 1_000;

    /// <summary>
    /// Commands that wait to be sequenced: ten batches. One more is refused as late, which bounds both memory and waiting time.
    /// </summary>
    public const int WaitingCommands = 10_000;

    /// <summary>Commands in one request to the gateway; a request with more is rejected.</summary>
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

    /// <summary>Quarantine beyond the command's deadline, for copies of it that are still on their way.</summary>
    public static readonly TimeSpan FailedCommandMargin = TimeSpan.FromMinutes(1);

    /// <summary>Retention of failed commands for analysis; the next failure deletes those that are older.</summary>
    public static readonly TimeSpan FailedCommandsKept = TimeSpan.FromDays(30);

    /// <summary>
    /// Sampled commands of one batch that get spans, five each; the others get none before settlement. A caller who requests a trace for
    /// every order then costs the publisher less than a millisecond per batch.
    /// </summary>
    public const int TracedCommands = 64;

    /// <summary>
    /// Publications that wait to be sent to Redis. Beyond this the oldest is dropped, and receivers detect the gap by its numbers.
    /// </summary>
    public const int WaitingPublications = 1_000;

    /// <summary>Repetitions of a market's last position once it falls silent, one per tick: Redis may lose a repetition too.</summary>
    public const int PositionRepeats = 3;

    /// <summary>Interval of the timers (expiries, closing times, new markets, statistics). Expiries are in whole seconds.</summary>
    public static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    /// <summary>Price levels of one side of one outcome: every price that exists, so a snapshot is never cut.</summary>
    public const int DepthLevels = Engine.Price.MaxTicks;
}
