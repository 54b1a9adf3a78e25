using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Cluster.Offenders;
using Foresight.Protocol;

namespace Foresight.Matching.Settlement;

public sealed record Attribution(long TradeId, string Code, Address? Account, Hash32? Order, int Points);

public static class FailureReasons
{
    /// <summary>The market answers each trade of a mined batch by an event, and this receipt has none for the trade.</summary>
    public const string Unreported = "unreported";

    /// <summary>Nobody's fault: settlement was away, or held, for as long as an order may live.</summary>
    public const string SettlementSilent = ProblemCodes.SettlementSilent;

    /// <summary>
    /// Not a failure: nodes refused a transaction of the trade's nonce, and the one that was mined in its place has not this trade in it.
    /// It is sent again when that is confirmed.
    /// </summary>
    public const string LeftOut = "left_out";

    /// <summary>Stored reasons are parsed again, so the format must not change: the code, then the account or order concerned.</summary>
    public static string Stored(this SettlementFailure failure) =>
        failure.Account is { } account ? $"{failure.Code}:{account.ToLowerHex()}"
        : failure.OrderHash is { } hash ? $"{failure.Code}:{hash}"
        : failure.Code;

    public static string CodeOf(string? stored) => stored?.Split(':')[0] ?? SettlementFailure.Unknown;

    public static Address? AccountOf(string? stored) =>
        stored?.Split(':') is [_, var name] && Address.TryParse(name, out var account) ? account : null;

    /// <summary>
    /// Null if no party, or the relayer itself, is responsible: then no account gets a strike. An invalid signature that is stored with an
    /// order is a forgery.
    /// </summary>
    public static Attribution? AttributionOf(long tradeId, string? stored)
    {
        var code = CodeOf(stored);
        var points = OffenderRules.PointsOf(code);
        if (points == 0 || stored?.Split(':') is not [_, var name])
            return null;
        return AccountOf(stored) is { } account ? new Attribution(tradeId, code, account, null, points)
            : code != SettlementFailure.InvalidSignature && Hash32.TryParse(name, out var order)
                ? new Attribution(tradeId, code, null, order, points)
            : null;
    }

    /// <summary>
    /// Other orders of this account cannot settle either: its contract now rejects a signature that it accepted when the order came, or the
    /// token's issuer has blocked it.
    /// </summary>
    public static Address? WithdrawnAccount(string? stored) =>
        CodeOf(stored) is SettlementFailure.InvalidSignature or SettlementFailure.TransferRefused or SettlementFailure.PayoutRefused
            ? AccountOf(stored)
            : null;

    /// <summary>
    /// The chain will no longer fill this order, or not for its full size, or never would, since its maker has not signed it: every later
    /// match with it would fail too.
    /// </summary>
    public static Hash32? OrderAtFault(string? stored) =>
        CodeOf(stored)
            is SettlementFailure.OrderCancelled
                or SettlementFailure.OrderOverfilled
                or SettlementFailure.OrderExpired
                or SettlementFailure.InvalidSignature
        && stored?.Split(':') is [_, var name]
        && Hash32.TryParse(name, out var order)
            ? order
            : null;

    /// <summary>A trade that meets a paused market has not failed: it is valid and waits.</summary>
    public static bool IsTemporary(this SettlementFailure failure) => failure.Code == SettlementFailure.MarketPaused;

    /// <summary>A trade that the chain has settled already has not failed.</summary>
    public static bool IsSettledAlready(this SettlementFailure failure) => failure.Code == SettlementFailure.DuplicateTrade;
}
