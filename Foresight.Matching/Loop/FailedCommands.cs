using System.Text.Json;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;

namespace Foresight.Matching.Loop;

/// <summary>
/// A command that cannot be applied then costs one rebuild, and not a term for each retry of its caller. The failure is written under the
/// fence before the caller is answered: the answer "not carried out" then stays true under any later leader.
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
    /// Every batch that was sent must be committed before: the new sequencer is rebuilt from the journal and would miss it.
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
        // Postgres text cannot contain the character NUL.
        var reason = cause.ToString().Replace("\0", "", StringComparison.Ordinal);
        if (reason.Length <= MaximumReasonLength)
            return reason;
        // Half of a surrogate pair has no UTF-8 form, and Npgsql would refuse to send it.
        return reason[..(char.IsHighSurrogate(reason[MaximumReasonLength - 1]) ? MaximumReasonLength - 1 : MaximumReasonLength)];
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Error,
            "Command {Kind} {RequestId} made the engine throw. It is refused and the engine is rebuilt without it; see table "
                + "failed_commands."
        )]
        public static partial void Failed(ILogger logger, Exception error, string kind, Guid requestId);
    }
}
