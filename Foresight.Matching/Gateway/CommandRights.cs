using Foresight.Cluster.Proof;
using Foresight.Protocol;

namespace Foresight.Matching.Gateway;

/// <summary>
/// A compromised Api node has the cluster's secret, so that is not enough to speak for a trader or for the chain: a trader's command needs
/// the trader's signature, a fact of the chain the term of settlement, or for repairs that of reconciliation.
/// </summary>
internal static class CommandRights
{
    public enum Verdict
    {
        Granted,

        NeedsItsTerm,

        /// <summary>
        /// The batch names no term that permits it. That may be a mistake, or a node of an older version, so it proves nothing against the
        /// node.
        /// </summary>
        Refused,

        /// <summary>No sound node of this kind sends it, so its sender is compromised or broken.</summary>
        WrongCommand,
    }

    public static Verdict Of(ProvenNode node, LeaderCommand command, TermClaim? claim)
    {
        if (IsSigned(command))
            return Verdict.Granted;
        if (node.Kind != NodeKinds.Matching)
            return command is CancelBySalt ? Verdict.Refused : Verdict.WrongCommand;
        return claim?.Resource switch
        {
            LeasedResources.Settlement => Verdict.NeedsItsTerm,
            LeasedResources.Reconciliation when command is SettleTrade or ReduceOrder => Verdict.NeedsItsTerm,
            _ => Verdict.Refused,
        };
    }

    /// <summary>True for a trader's own command, whose signature is checked here and before settlement.</summary>
    public static bool IsSigned(LeaderCommand command) => command is PlaceOrder or GrantWithdrawal or CancelBySalt { Signature: not null };
}
