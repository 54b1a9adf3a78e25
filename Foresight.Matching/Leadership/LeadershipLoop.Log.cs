
namespace Foresight.Matching.Leadership;

/// <summary>Each decision, as a sentence.</summary>
public sealed partial class LeadershipLoop
{
    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{NodeId} holds {Resource}, but nothing listens at its address and its database session is gone: taking over.")]
        public static partial void HolderCrashed(ILogger logger, string nodeId, string resource);

        [LoggerMessage(LogLevel.Warning, "Redis cannot say who leads {Resource}, so this node does not bid: {Reason}")]
        public static partial void RedisSilent(ILogger logger, string resource, string reason);

        [LoggerMessage(LogLevel.Information, "Redis says again who leads {Resource}.")]
        public static partial void RedisSpeaks(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Information, "A lease of {Resource} that is this node's, and under which it does not lead, was in Redis: it is given back.")]
        public static partial void OwnLeaseFound(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Information, "Another node won the lease of {Resource}.")]
        public static partial void BidLost(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Information, "The lease of {Resource} was free, and this node has it, since a holder was last seen alive: {Phases}.")]
        public static partial void LeaseWon(ILogger logger, string resource, FailoverPhases phases);

        [LoggerMessage(LogLevel.Information, "This node finishes what is under way for {Resource} in epoch {Epoch} and gives it to another.")]
        public static partial void Draining(ILogger logger, string resource, long epoch);

        [LoggerMessage(LogLevel.Information, "This node leads {Resource} in epoch {Epoch}, after {Previous}.")]
        public static partial void TermTaken(ILogger logger, string resource, long epoch, string previous);

        [LoggerMessage(LogLevel.Information, "The take-over of {Resource} in epoch {Epoch} is complete, since the term before was last seen alive: {Phases}.")]
        public static partial void TookOver(ILogger logger, string resource, long epoch, FailoverPhases phases);

        [LoggerMessage(LogLevel.Warning, "The fence says that epoch {Epoch} of {Resource} is over: this node stops leading.")]
        public static partial void TermOver(ILogger logger, string resource, long epoch);

        [LoggerMessage(LogLevel.Warning, "The lease of {Resource} in epoch {Epoch} is lost: {Reason}.")]
        public static partial void LeaseLost(ILogger logger, string resource, long epoch, string reason);

        [LoggerMessage(LogLevel.Warning, "Leading {Resource} failed at the database, so it is given up: {Reason}")]
        public static partial void DatabaseFailed(ILogger logger, string resource, string reason);

        [LoggerMessage(LogLevel.Error, "Leading {Resource} failed, so it is given up.")]
        public static partial void WorkFailed(ILogger logger, Exception error, string resource);

        [LoggerMessage(LogLevel.Error, "A step of {Resource}'s leadership failed; it is tried again.")]
        public static partial void StepFailed(ILogger logger, Exception error, string resource);

        [LoggerMessage(LogLevel.Information, "This node follows {Resource}.")]
        public static partial void Follows(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Debug, "{NodeId} was not dropped from the registry: {Reason}")]
        public static partial void NotDropped(ILogger logger, string nodeId, string reason);

        [LoggerMessage(LogLevel.Debug, "The phases of the take-over of {Resource} were not recorded: {Reason}")]
        public static partial void PhasesNotRecorded(ILogger logger, string resource, string reason);
    }
}
