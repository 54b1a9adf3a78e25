using System.Net;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Npgsql;

namespace Foresight.Matching.Gateway;

/// <summary>
/// Only proof puts a node out: a command that its kind never sends, or a signature that is certainly not of the maker's key. Anything less
/// is merely refused, or a trader could get sound nodes put out (docs/decisions/0441).
/// </summary>
internal sealed partial class CommandGuard(
    TermWitness terms,
    SignatureGuard signatures,
    PutOutNodes putOut,
    GatewayMetrics metrics,
    TimeProvider clock,
    ILogger<CommandGuard> logger
)
{
    // A node that was broken into decides how often, under as many names as it likes.
    private readonly ReportPause _putOutPause = new(clock);
    private readonly ReportPause _claimPause = new(clock);
    private readonly ReportPause _uncheckedPause = new(clock);
    private readonly ReportPause _foreignPause = new(clock);

    private const string NoAnswer = "an unknown market, or a contract that gave no answer";

    public readonly record struct Refusal(ResultStatus Status, string Code);

    private static readonly Refusal NotPermitted = new(ResultStatus.Rejected, ProblemCodes.Unauthorized);

    /// <summary>A part of the command cannot be read, so there is nothing to check.</summary>
    public static readonly Refusal Malformed = new(ResultStatus.Rejected, ProblemCodes.MalformedRequest);

    /// <summary>
    /// The maker, a contract, does not accept the signature. Its answer may have changed since the sender asked, so this is no proof
    /// against the sender.
    /// </summary>
    public static readonly Refusal BadSignature = new(ResultStatus.Rejected, ProblemCodes.InvalidSignature);

    /// <summary>
    /// This node does not know the command's market yet, or the maker's contract gave no answer. A command that could not be checked was
    /// not executed either, so its sender may try again.
    /// </summary>
    public static readonly Refusal Unchecked = new(ResultStatus.Late, ProblemCodes.Unavailable);

    /// <summary>
    /// Keyed by reference, because commands are records, and a batch may contain two that are equal. Those of contract wallets come only
    /// when the chain has answered, and are null for a command that is not refused. Null if the node was put out, and with it the batch.
    /// </summary>
    public async Task<IReadOnlyDictionary<LeaderCommand, Task<Refusal?>>?> RefusalsAsync(
        ConnectedNode peer,
        CommandBatch batch,
        CancellationToken cancellationToken
    )
    {
        var refused = new Dictionary<LeaderCommand, Task<Refusal?>>(ReferenceEqualityComparer.Instance);
        var claimed = new List<LeaderCommand>();
        foreach (var command in batch.Commands.Where(command => !RequestIds.MayCarry(command)))
            refused[command] = Now(Malformed);
        if (refused.Keys.FirstOrDefault() is { } foreign)
            ReportForeignId(peer, foreign, refused.Count);

        foreach (var command in batch.Commands)
            switch (CommandRights.Of(peer.Node, command, batch.Term))
            {
                case CommandRights.Verdict.WrongCommand:
                    return PutOut(peer, PutOutReasons.WrongCommand, $"{command.Kind} {command.RequestId}");
                case CommandRights.Verdict.Refused:
                    refused[command] = Now(NotPermitted);
                    break;
                case CommandRights.Verdict.NeedsItsTerm:
                    claimed.Add(command);
                    break;
            }

        try
        {
            if (claimed.Count > 0 && !await terms.HoldsAsync(batch.Term!, cancellationToken))
            {
                if (_claimPause.IsDue(out var others))
                    Log.FalseClaim(logger, peer.Node.Id, batch.Term!.Resource, batch.Term.Epoch, claimed.Count, others);
                claimed.ForEach(command => refused[command] = Now(NotPermitted));
            }

            var (forged, faulty) = await signatures.FindFaultsAsync(batch.Commands, cancellationToken);
            if (forged is not null)
                return PutOut(peer, PutOutReasons.BadSignature, $"{forged.Kind} {forged.RequestId}");
            foreach (var (command, refusal) in faulty)
                refused[command] = refusal.IsCompleted ? refusal : ReportedAsync(peer, refusal);
            if (faulty.Values.Count(IsUnchecked) is var notChecked and > 0)
                ReportUnchecked(peer, notChecked, NoAnswer);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            ReportUnchecked(peer, batch.Commands.Count, error.Message);
            foreach (var command in batch.Commands)
                refused.TryAdd(command, Now(Unchecked));
        }

        return refused;
    }

    public static Task<Refusal?> Now(Refusal refusal) => Task.FromResult<Refusal?>(refusal);

#pragma warning disable RS0030 // It has completed.
    private static bool IsUnchecked(Task<Refusal?> refusal) => refusal.IsCompletedSuccessfully && refusal.Result == Unchecked;
#pragma warning restore RS0030

    private async Task<Refusal?> ReportedAsync(ConnectedNode peer, Task<Refusal?> byContract)
    {
        var refusal = await byContract;
        if (refusal == Unchecked)
            ReportUnchecked(peer, count: 1, NoAnswer);
        return refusal;
    }

    private IReadOnlyDictionary<LeaderCommand, Task<Refusal?>>? PutOut(ConnectedNode peer, string reason, string command)
    {
        var entry = putOut.Add(peer.Node.Id, peer.Host, reason);
        metrics.PutOut(reason);
        if (_putOutPause.IsDue(out var others))
            Log.PutOut(logger, $"{peer.Node.Id} ({peer.Node.Kind})", peer.Host, entry.Until, reason, command, others);
        return null;
    }

    private void ReportForeignId(ConnectedNode peer, LeaderCommand command, int count)
    {
        if (_foreignPause.IsDue(out var others))
            Log.ForeignId(logger, peer.Node.Id, peer.Host, command.Kind, command.RequestId, count, others);
    }

    private void ReportUnchecked(ConnectedNode peer, int count, string reason)
    {
        if (_uncheckedPause.IsDue(out var others))
            Log.Unchecked(logger, count, peer.Node.Id, reason, others);
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Error,
            "Gateway: node {Node} at {Host} is put out until {Until:O} because of {Reason} in {Command}; it, or another node at that host, "
                + "may have been broken into ({Others} others since the last such line)."
        )]
        public static partial void PutOut(
            ILogger logger,
            string node,
            IPAddress host,
            DateTimeOffset until,
            string reason,
            string command,
            int others
        );

        [LoggerMessage(
            LogLevel.Warning,
            "Gateway: {NodeId} does not hold the term of {Resource} that it names (epoch {Epoch}); {Count} facts of the chain are refused "
                + "({Others} other batches since the last such line)."
        )]
        public static partial void FalseClaim(ILogger logger, string nodeId, string resource, long epoch, int count, int others);

        [LoggerMessage(
            LogLevel.Warning,
            "Gateway: {Count} commands of {NodeId} cannot be checked now and are refused: {Reason} ({Others} other batches since the last "
                + "such line)."
        )]
        public static partial void Unchecked(ILogger logger, int count, string nodeId, string reason, int others);

        [LoggerMessage(
            LogLevel.Error,
            "Gateway: {NodeId} at {Host} sent a {Kind} under request id {RequestId}, which belongs to another command; {Count} such of the "
                + "batch are refused. The node may have been broken into ({Others} other batches since the last such line)."
        )]
        public static partial void ForeignId(
            ILogger logger,
            string nodeId,
            IPAddress host,
            string kind,
            Guid requestId,
            int count,
            int others
        );
    }
}
