using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

/// <summary>Why a transaction of a role (resolve, invalidate, createMarket) reverted, in words.</summary>
public static class RoleRefusal
{
    private static readonly (AbiError Error, Func<AbiValues, string> Explain)[] Known =
    [
        (ContractArtifact.Market.Error("NotResolver"), e => $"{e.Address("caller")} does not have the resolver role"),
        (ContractArtifact.Market.Error("MarketNotOpen"), _ => "the market is resolved or invalid already"),
        (
            ContractArtifact.Market.Error("DecisionPending"),
            e => $"a decision is announced already and takes effect at block {e.Integer("readyBlock")} and second {e.Integer("readyTime")}"
        ),
        (ContractArtifact.Market.Error("BadOutcome"), e => $"there is no outcome {e.Integer("outcomeIndex")}"),
        (
            ContractArtifact.MarketFactory.Error("AccessControlUnauthorizedAccount"),
            e => $"{e.Address("account")} does not have the admin role"
        ),
        (ContractArtifact.MarketFactory.Error("MarketExists"), e => $"the question has a market already: {e.Address("market")}"),
        (ContractArtifact.MarketFactory.Error("BadOutcomes"), e => $"a market cannot have {e.Integer("outcomes")} outcomes"),
    ];

    /// <param name="revertData">Null if the node omits it.</param>
    public static string Explain(byte[]? revertData) => AbiErrors.Explain(Known, revertData) ?? RevertReason.Text(revertData);
}
