using System.Text.Json;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;

namespace Foresight.Matching.Loop;

/// <summary>
/// Quarantines a command that cannot be applied, so that it costs one rebuild and not a term for each time that its caller asks. That it
/// failed is written under the fence before anybody hears of it: the answer "nothing was done" then stays true whoever leads next.
/// </summary>
internal sealed partial class FailedCommands(
    IJournal journal,
    Term term,
    Func<CancellationToken, Task<Sequencer>> rebuild,
    MatchingMetrics metrics,
    TimeProvider clock,
    ILogger logger
)
{
    private const int MaximumReasonLength = 4_000;

    /// <summary>
    /// Returns a new sequencer, at the end of the journal, which refuses the command. Everything that was sent must be committed.
    /// </summary>
    public async Task<Sequencer> QuarantineAsync(CommandFailedException failure, CancellationToken ending)
    {
        var request = failure.Request;
        Log.Failed(logger, failure.InnerException!, request.Command.Kind, request.Command.RequestId);
        metrics.CommandFailed();
        var left = clock.GetElapsedTime(clock.GetTimestamp(), request.Deadline);
        var until = failure.Now + (left > TimeSpan.Zero ? left : TimeSpan.Zero) + MatchingLimits.FailedCommandMargin;
        var command = JsonSerializer.Serialize<LeaderCommand>(request.Command, JsonSerializerOptions.Web);
        var failed = new FailedCommand(request.Command.RequestId, command, ReasonOf(failure.InnerException!), until);
        await journal.ExecuteAsync(
            new JournalTransaction(
                new JournalStep.AssertTerm(term),
                new JournalStep.StoreFailure(failed, term.Epoch),
                new JournalStep.Commit()
            )
        );
        return await rebuild(ending);
    }

    internal static string ReasonOf(Exception cause)
    {
        // Postgres has no place for that character.
        var reason = cause.ToString().Replace("\0", "", StringComparison.Ordinal);
        if (reason.Length <= MaximumReasonLength)
            return reason;
        // Half of a pair is no character, and could not be sent.
        return reason[..(char.IsHighSurrogate(reason[MaximumReasonLength - 1]) ? MaximumReasonLength - 1 : MaximumReasonLength)];
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Error,
            "{Kind} {RequestId} made the engine throw. It is refused, and the engine is rebuilt without it; see failed_commands."
        )]
        public static partial void Failed(ILogger logger, Exception error, string kind, Guid requestId);
    }
}
