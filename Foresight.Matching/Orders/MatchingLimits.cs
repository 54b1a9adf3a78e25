namespace Foresight.Matching.Orders;

/// <summary>Every bound of the pipeline, with what happens at it.</summary>
internal static class MatchingLimits
{
    /// <summary>Commands in one commit. What does not fit waits for the next batch, about one commit (a few milliseconds) later.</summary>
    public const int BatchCommands = 1_000;

    /// <summary>
    /// Commands that wait to be sequenced: ten batches. A command beyond it is refused as late, so memory and waiting stay bounded.
    /// </summary>
    public const int WaitingCommands = 10_000;

    /// <summary>Commands in one request to the gateway.</summary>
    public const int CommandsPerRequest = 2_000;

    /// <summary>
    /// Commands between two snapshots of the engine. A recovery replays at most about this many; the engine replays more than a million
    /// commands a second, so it is a small part of a take-over.
    /// </summary>
    public const int CommandsPerSnapshot = 50_000;

    /// <summary>Snapshots kept. More than one, so that one that cannot be read costs only a longer replay.</summary>
    public const int SnapshotsKept = 3;

    /// <summary>
    /// Commands of a shard that failed and are not tried again for now. With more it is hardly the commands that are wrong, and the next
    /// to fail ends the term.
    /// </summary>
    public const int FailedCommands = 1_000;

    /// <summary>How long after its deadline a command that failed is refused: for copies of it that are late on their way.</summary>
    public static readonly TimeSpan FailedCommandMargin = TimeSpan.FromMinutes(1);

    /// <summary>Failed commands are kept this long for whoever looks into them, then the next one to fail drops them.</summary>
    public static readonly TimeSpan FailedCommandsKept = TimeSpan.FromDays(30);

    /// <summary>
    /// Sampled commands of one batch that get spans, five each; the others of that batch get none before settlement. So a caller who asks
    /// for a trace with each order costs the publisher less than a millisecond a batch.
    /// </summary>
    public const int TracedCommands = 64;

    /// <summary>
    /// Publications that wait to be sent to Redis. Beyond it the oldest is dropped, and receivers find the gap by its numbers.
    /// </summary>
    public const int WaitingPublications = 1_000;

    /// <summary>
    /// How often the last position of a market that fell silent is said again, once each tick: Redis may lose one of them too.
    /// </summary>
    public const int PositionRepeats = 3;

    /// <summary>How often the clock is looked at: expiries, closing times, new markets, statistics.</summary>
    public static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    /// <summary>Levels of one side of one outcome: every price there is.</summary>
    public const int DepthLevels = Engine.Price.MaxTicks;
}
