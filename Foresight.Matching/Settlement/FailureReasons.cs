using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Cluster.Offenders;

namespace Foresight.Matching.Settlement;

public sealed record Attribution(long TradeId, string Code, Address? Account, Hash32? Order, int Points);

public static class FailureReasons
{
    /// <summary>The receipt has neither a settlement nor a failure of the trade.</summary>
    public const string Unreported = "unreported";

    /// <summary>Formats a failure as it is stored and published: the code, then the account or order concerned.</summary>
    public static string Stored(this SettlementFailure failure) =>
        failure.Account is { } account ? $"{failure.Code}:{account.ToLowerHex()}"
        : failure.OrderHash is { } hash ? $"{failure.Code}:{hash}"
        : failure.Code;

    public static string CodeOf(string? stored) => stored?.Split(':')[0] ?? SettlementFailure.Unknown;

    public static Address? AccountOf(string? stored) =>
        stored?.Split(':') is [_, var name] && Address.TryParse(name, out var account) ? account : null;

    /// <summary>Null if no party, or the relayer itself, is responsible.</summary>
    public static Attribution? AttributionOf(long tradeId, string? stored)
    {
        var code = CodeOf(stored);
        var points = OffenderRules.PointsOf(code);
        if (points == 0 || stored?.Split(':') is not [_, var name])
            return null;
        return AccountOf(stored) is { } account ? new Attribution(tradeId, code, account, null, points)
            : Hash32.TryParse(name, out var order) ? new Attribution(tradeId, code, null, order, points)
            : null;
    }

    /// <summary>
    /// Returns the account whose other orders cannot settle either: its contract now rejects a signature that it accepted when the order
    /// came, or the token's issuer has blocked it.
    /// </summary>
    public static Address? WithdrawnAccount(string? stored) =>
        CodeOf(stored) is SettlementFailure.InvalidSignature or SettlementFailure.TransferRefused or SettlementFailure.PayoutRefused
            ? AccountOf(stored)
            : null;

    /// <summary>
    /// Returns the order that the chain will no longer fill, or not for its full size: every later match with it would fail too.
    /// </summary>
    public static Hash32? OrderAtFault(string? stored) =>
        CodeOf(stored) is SettlementFailure.OrderCancelled or SettlementFailure.OrderOverfilled or SettlementFailure.OrderExpired
        && stored?.Split(':') is [_, var name]
        && Hash32.TryParse(name, out var order)
            ? order
            : null;

    /// <summary>True if the market is merely paused: the trade is valid and waits.</summary>
    public static bool IsTemporary(this SettlementFailure failure) => failure.Code == SettlementFailure.MarketPaused;

    /// <summary>True if the chain has settled this trade already, so it has not failed.</summary>
    public static bool IsSettledAlready(this SettlementFailure failure) => failure.Code == SettlementFailure.DuplicateTrade;
}
