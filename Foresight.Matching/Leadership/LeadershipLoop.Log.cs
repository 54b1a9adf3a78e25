namespace Foresight.Matching.Leadership;

/// <summary>One message per decision.</summary>
public sealed partial class LeadershipLoop
{
    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "{NodeId} holds {Resource}, but nothing listens at its address and its database session is gone: taking over."
        )]
        public static partial void HolderCrashed(ILogger logger, string nodeId, string resource);

        [LoggerMessage(LogLevel.Warning, "Redis cannot say who leads {Resource}, so this node does not bid: {Reason}")]
        public static partial void RedisSilent(ILogger logger, string resource, string reason);

        [LoggerMessage(LogLevel.Information, "Redis says again who leads {Resource}.")]
        public static partial void RedisSpeaks(ILogger logger, string resource);

        [LoggerMessage(
            LogLevel.Information,
            "A lease of {Resource} that is this node's, and under which it does not lead, was in Redis: it is given back."
        )]
        public static partial void OwnLeaseFound(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Information, "Another node won the lease of {Resource}.")]
        public static partial void BidLost(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Warning, "The fence says that epoch {Epoch} of {Resource} is over: this node stops leading.")]
        public static partial void TermOver(ILogger logger, string resource, long epoch);

        [LoggerMessage(LogLevel.Warning, "Leading {Resource} failed at the database, so it is given up: {Reason}")]
        public static partial void DatabaseFailed(ILogger logger, string resource, string reason);

        [LoggerMessage(LogLevel.Error, "Leading {Resource} failed, so it is given up.")]
        public static partial void WorkFailed(ILogger logger, Exception error, string resource);

        [LoggerMessage(LogLevel.Error, "A step of {Resource}'s leadership failed; it is tried again.")]
        public static partial void StepFailed(ILogger logger, Exception error, string resource);
    }
}
