using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Cluster.Offenders;

namespace Foresight.Matching.Settlement;

/// <summary>A trade that failed by somebody's doing: of <see cref="Account"/>, or of the maker of <see cref="Order"/>.</summary>
public sealed record Attribution(long TradeId, string Code, Address? Account, Hash32? Order, int Points);

/// <summary>What a failed match means for its trade.</summary>
public static class FailureReasons
{
    /// <summary>The receipt tells neither that it settled nor that it failed.</summary>
    public const string Unreported = "unreported";

    /// <summary>As it is stored and published: the code, then the account or order that it is about.</summary>
    public static string Stored(this SettlementFailure failure) =>
        failure.Account is { } account ? $"{failure.Code}:{account.ToLowerHex()}"
        : failure.OrderHash is { } hash ? $"{failure.Code}:{hash}"
        : failure.Code;

    /// <summary>The code in what <see cref="Stored"/> made.</summary>
    public static string CodeOf(string? stored) => stored?.Split(':')[0] ?? SettlementFailure.Unknown;

    /// <summary>The account in what <see cref="Stored"/> made, where the contract said it.</summary>
    public static Address? AccountOf(string? stored) =>
        stored?.Split(':') is [_, var name] && Address.TryParse(name, out var account) ? account : null;

    /// <summary>Null: nobody's doing, or ours.</summary>
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
    /// A contract that refuses a signature that it accepted when the order came: whatever else it signed is as doubtful. Or an account that
    /// the token's issuer has blocked: nothing of it can settle.
    /// </summary>
    public static Address? WithdrawnAccount(string? stored) =>
        CodeOf(stored) is SettlementFailure.InvalidSignature or SettlementFailure.TransferRefused or SettlementFailure.PayoutRefused
            ? AccountOf(stored)
            : null;

    /// <summary>The order that the chain fills no more, or not so much of it: whoever is matched with it next fails as well.</summary>
    public static Hash32? OrderAtFault(string? stored) =>
        CodeOf(stored) is SettlementFailure.OrderCancelled or SettlementFailure.OrderOverfilled or SettlementFailure.OrderExpired
        && stored?.Split(':') is [_, var name]
        && Hash32.TryParse(name, out var order)
            ? order
            : null;

    /// <summary>Nothing is wrong with the trade: the market is stopped for a while, and the trade waits.</summary>
    public static bool IsTemporary(this SettlementFailure failure) => failure.Code == SettlementFailure.MarketPaused;

    /// <summary>The chain has this trade already: it is settled, not failed.</summary>
    public static bool IsSettledAlready(this SettlementFailure failure) => failure.Code == SettlementFailure.DuplicateTrade;
}
