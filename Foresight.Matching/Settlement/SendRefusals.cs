namespace Foresight.Matching.Settlement;

/// <summary>JSON-RPC has no codes for the errors with which nodes reject a transaction, so their texts are matched.</summary>
public static class SendRefusals
{
    // geth and erigon: "already known"; nethermind: "AlreadyKnown"; anvil: "transaction already imported"; besu: "Known transaction".
    private static readonly string[] HasIt = ["already known", "alreadyknown", "already imported", "known transaction"];

    // Mined in the meantime, or another transaction of the same nonce is pending: the receipt or the next look at the pool decides.
    private static readonly string[] NonceIsBusy = ["nonce too low", "replacement transaction underpriced", "noncetoolow"];

    // anvil: "max fee per gas less than block base fee"; geth: "transaction underpriced", "max fee per gas less than block base fee";
    // nethermind: "FeeTooLow"; erigon: "fee cap less than block base fee".
    private static readonly string[] FeeTooLow = ["less than block base fee", "transaction underpriced", "feetoolow", "fee too low"];

    // geth, erigon and anvil: "insufficient funds for gas * price + value"; nethermind: "InsufficientFunds"; besu: "Upfront cost exceeds
    // account balance".
    private static readonly string[] NoMoney = ["insufficient funds", "insufficientfunds", "exceeds account balance"];

    /// <summary>Passes when the operator's account has money, or when fees have fallen.</summary>
    public static bool MeansThereIsNoMoney(string message) =>
        NoMoney.Any(part => message.Contains(part, StringComparison.OrdinalIgnoreCase));

    /// <summary>At this fee the node will not keep the transaction, so waiting is useless.</summary>
    public static bool MeansTheFeeIsTooLow(string message) =>
        !MeansTheNodeHasIt(message) && FeeTooLow.Any(part => message.Contains(part, StringComparison.OrdinalIgnoreCase));

    /// <summary>The node has this transaction or one of the same nonce: there is nothing to do but look again.</summary>
    public static bool MeansTheNodeHasIt(string message) =>
        HasIt.Concat(NonceIsBusy).Any(part => message.Contains(part, StringComparison.OrdinalIgnoreCase));
}
