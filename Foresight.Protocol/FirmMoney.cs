namespace Foresight.Protocol;

/// <summary>Why no order is firm now.</summary>
public static class FirmRefusals
{
    /// <summary>Settlement's holder has not yet brought the shards terms under which they could be.</summary>
    public const string NoTerms = "no_terms";

    /// <summary>The newest fact of the chain is older than a quarter of the vault's delay.</summary>
    public const string FactsTooOld = "facts_too_old";

    /// <summary>A firm trade has waited for more than a quarter of the delay.</summary>
    public const string TradeWaits = "trade_waits";

    /// <summary>As many firm trades wait as settlement can settle in half of the delay.</summary>
    public const string BoundReached = "bound_reached";

    public static readonly IReadOnlyList<string> All = [NoTerms, FactsTooOld, TradeWaits, BoundReached];
}

/// <summary>Firm money: what has to settle, and whether more is taken (docs/firm-money.md).</summary>
/// <param name="DelayBlocks">Of a withdrawal, as are the seconds; both must pass.</param>
/// <param name="IsTaken">Orders are firm now.</param>
/// <param name="Why">One of <see cref="FirmRefusals"/>; null while they are.</param>
/// <param name="Since">Null while they are, and where it is not known.</param>
/// <param name="UnsettledTrades">Firm trades that are matched, and whose end the engine does not know yet.</param>
/// <param name="UnsettledUsdc">Their price times their shares.</param>
/// <param name="OldestAt">When the oldest of them was matched.</param>
/// <param name="MostTrades">How many there may be: what settlement does in half of the delay; null before it was measured.</param>
/// <param name="TradesPerSecond">What settlement brings on chain, as measured.</param>
/// <param name="Until">Until then orders are firm without a newer block of the chain.</param>
/// <param name="OpenWithdrawals">Requested or co-signed, and not ended.</param>
/// <param name="LeavingUsdc">Of them, USDC without shares.</param>
/// <param name="NextReadyAt">When the delay of the next requested one is over; null if none waits for it.</param>
public sealed record FirmView(
    string Vault,
    long DelayBlocks,
    long DelaySeconds,
    bool IsTaken,
    string? Why,
    DateTimeOffset? Since,
    long UnsettledTrades,
    string UnsettledUsdc,
    DateTimeOffset? OldestAt,
    long? MostTrades,
    double? TradesPerSecond,
    DateTimeOffset? Until,
    long OpenWithdrawals,
    string LeavingUsdc,
    DateTimeOffset? NextReadyAt
);

/// <summary>What rests in the books of a market, and how much of it is paid from the vault.</summary>
/// <param name="HasVault">False: nothing here can be firm.</param>
/// <param name="Shares">Decimal shares of all open orders.</param>
/// <param name="Usdc">The same at the orders' prices.</param>
public sealed record FirmShareView(int MarketId, bool HasVault, string Shares, string FirmShares, string Usdc, string FirmUsdc);

/// <summary>An account's purse in the vault, beside what it owns in its wallet.</summary>
/// <param name="Asset">"USDC", or "{marketId}:{outcome}".</param>
/// <param name="Wallet">What the exchange counts as owned there.</param>
/// <param name="Free">Of the purse, without what is co-signed. Orders and trades hold a part of it.</param>
/// <param name="Available">What new orders can use of it.</param>
/// <param name="Leaving">Requested on chain, and not paid yet.</param>
/// <param name="ReadyAt">When it can be paid, if <paramref name="ReadyBlock"/> has come; null if nothing is leaving.</param>
/// <param name="CoSigned">Granted for a payment at once, and neither paid nor free again.</param>
public sealed record PurseView(
    string Asset,
    string Wallet,
    string Free,
    string HeldByOrders,
    string HeldByTrades,
    string Available,
    string Leaving,
    long? ReadyBlock,
    DateTimeOffset? ReadyAt,
    string CoSigned
);
