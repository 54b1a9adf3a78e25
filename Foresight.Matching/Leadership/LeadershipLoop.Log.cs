namespace Foresight.Matching.Leadership;

public sealed partial class LeadershipLoop
{
    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Holder {NodeId} of {Resource} crashed (its address refuses connections and its database session is gone); taking over."
        )]
        public static partial void HolderCrashed(ILogger logger, string nodeId, string resource);

        [LoggerMessage(LogLevel.Warning, "Lease of {Resource} cannot be read from Postgres, or bid for there; retrying: {Reason}")]
        public static partial void DatabaseSilent(ILogger logger, string resource, string reason);

        [LoggerMessage(LogLevel.Information, "Lease of {Resource} can be read from Postgres again.")]
        public static partial void DatabaseSpeaks(ILogger logger, string resource);

        [LoggerMessage(
            LogLevel.Information,
            "Lease of {Resource} carries a token of this process, which does not lead under it; bidding without waiting for its end."
        )]
        public static partial void OwnLeaseFound(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Information, "Stepped down from {Resource} in epoch {Epoch}, as an operator wanted.")]
        public static partial void StepsDown(ILogger logger, string resource, long epoch);

        [LoggerMessage(LogLevel.Information, "An operator has drained this node: it does not bid for {Resource}.")]
        public static partial void Drained(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Information, "Bid for {Resource} lost to another node.")]
        public static partial void BidLost(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Warning, "Epoch {Epoch} of {Resource} has ended: Postgres fenced off a write. Stopped leading.")]
        public static partial void TermOver(ILogger logger, string resource, long epoch);

        [LoggerMessage(LogLevel.Warning, "Leadership of {Resource} ended by a database error: {Reason}")]
        public static partial void DatabaseFailed(ILogger logger, string resource, string reason);

        [LoggerMessage(LogLevel.Error, "Leadership of {Resource} ended by an unexpected error.")]
        public static partial void WorkFailed(ILogger logger, Exception error, string resource);

        [LoggerMessage(LogLevel.Error, "Leadership loop of {Resource} failed and continues with its next step.")]
        public static partial void StepFailed(ILogger logger, Exception error, string resource);
    }
}
