namespace Foresight.Protocol;

/// <summary>
/// Asks for a co-signature, with which the vault pays at once (docs/firm-money.md). The amount is no longer there to trade with, until the
/// vault has paid it or the deadline has passed.
/// </summary>
/// <param name="Account">0x-prefixed address, any case.</param>
/// <param name="Asset">"USDC", or "{marketId}:{outcome}".</param>
/// <param name="Amount">Decimal USDC or shares; shares in whole lots of 0.01.</param>
/// <param name="Nonce">0 to 2^64 - 1, decimal; each serves an account once.</param>
/// <param name="Deadline">Unix seconds, 1 to 60 minutes ahead: until then the vault takes the co-signature.</param>
/// <param name="Signature">
/// EIP-712 <c>WithdrawalRequest(address account,uint256 asset,uint256 amount,uint256 nonce,uint256 deadline)</c> under the vault's domain,
/// by the account; asset and amount as the vault has them.
/// </param>
public sealed record WithdrawalRequest(string Account, string Asset, string Amount, string Nonce, long Deadline, string Signature);

public static class WithdrawalStates
{
    /// <summary>Requested on chain; the vault's delay runs. A trade that was matched before still draws on it.</summary>
    public const string Leaving = "leaving";

    /// <summary>Requested on chain, and the delay is over: the owner can be paid.</summary>
    public const string Ready = "ready";

    /// <summary>Journaled; the co-signature follows.</summary>
    public const string Granted = "granted";

    public const string CoSigned = "co_signed";

    /// <summary>Co-signed; the deadline has passed, and the vault has not paid: free again when a final block is later.</summary>
    public const string Expired = "expired";

    /// <summary>Co-signed, and paid in a block that is not final yet.</summary>
    public const string Paying = "paying";

    /// <summary>Co-signed, and paid in a final block.</summary>
    public const string Paid = "paid";

    /// <summary>Co-signed, and never paid: the amount is free again.</summary>
    public const string Lapsed = "lapsed";

    /// <summary>Requested on chain, and cancelled there: the amount is free again.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>Requested on chain, and paid after the delay.</summary>
    public const string Finished = "finished";

    /// <summary>Requested on chain; trades and co-signatures took all of it before it was paid.</summary>
    public const string Drawn = "drawn";

    public static readonly IReadOnlyList<string> Open = [Leaving, Ready, Granted, CoSigned, Expired, Paying];

    public static readonly IReadOnlyList<string> All = [.. Open, Paid, Lapsed, Cancelled, Finished, Drawn];
}

public static class WithdrawalKinds
{
    /// <summary>On chain, with the vault's delay.</summary>
    public const string Request = "request";

    /// <summary>At once, with a co-signature.</summary>
    public const string CoSignature = "co_signature";

    public static readonly IReadOnlyList<string> All = [Request, CoSignature];
}

/// <summary>A withdrawal from the vault, of either kind, as the followed blocks and the journal have it.</summary>
/// <param name="Asset">"USDC", or "{marketId}:{outcome}".</param>
/// <param name="Amount">Decimal USDC or shares: what is leaving still, or what was when it ended.</param>
/// <param name="Kind">One of <see cref="WithdrawalKinds"/>.</param>
/// <param name="State">One of <see cref="WithdrawalStates"/>.</param>
/// <param name="Since">Time of the newest request's block, which started the delay again; of a co-signature, of its grant.</param>
/// <param name="Deadline">From when a request can be paid, or until when a co-signature is taken.</param>
/// <param name="ReadyBlock">Of a request: the delay is over when this block and the deadline have come.</param>
/// <param name="BlocksLeft">Until that block, as settlement last saw the chain.</param>
/// <param name="Nonce">Of a co-signature.</param>
/// <param name="Block">In which a request last changed, or a co-signature was paid.</param>
/// <param name="TransactionHash">In which a request last changed.</param>
/// <param name="UnsettledFirmTrades">Of the account: they are to settle before its money is gone.</param>
public sealed record VaultWithdrawalView(
    string Account,
    string Asset,
    string Amount,
    string Kind,
    string State,
    DateTimeOffset Since,
    DateTimeOffset Deadline,
    long? SinceBlock,
    long? ReadyBlock,
    long? BlocksLeft,
    string? Nonce,
    long? Block,
    string? TransactionHash,
    long UnsettledFirmTrades
);

/// <param name="State">One of <see cref="WithdrawalStates"/>.</param>
/// <param name="VaultAsset">As <c>withdrawNow</c> takes it, a decimal uint256, like <paramref name="VaultAmount"/>.</param>
/// <param name="CoSignature">65 bytes as 0x hex; null before it is given.</param>
/// <param name="PaidBlock">In which the vault has paid it; null before that.</param>
public sealed record WithdrawalView(
    string Account,
    string Asset,
    string Amount,
    string Nonce,
    long Deadline,
    string State,
    string VaultAsset,
    string VaultAmount,
    string? CoSignature,
    DateTimeOffset GrantedAt,
    long? PaidBlock = null
);
