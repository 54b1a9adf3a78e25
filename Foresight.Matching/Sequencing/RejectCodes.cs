using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Matching.Sequencing;

internal static class RejectCodes
{
    public static string Of(RejectReason reason) =>
        reason switch
        {
            RejectReason.InvalidMarket => ProblemCodes.InvalidMarket,
            RejectReason.InvalidOutcome => ProblemCodes.InvalidOutcome,
            RejectReason.InvalidPrice => ProblemCodes.InvalidPrice,
            RejectReason.InvalidTick => ProblemCodes.InvalidTick,
            RejectReason.InvalidAmount => ProblemCodes.InvalidAmount,
            RejectReason.InvalidTimeInForce => ProblemCodes.InvalidTimeInForce,
            RejectReason.MarketClosed => ProblemCodes.MarketClosed,
            RejectReason.MarketPaused => ProblemCodes.MarketPaused,
            RejectReason.OrderExpired => ProblemCodes.OrderExpired,
            RejectReason.DuplicateOrder => ProblemCodes.DuplicateOrder,
            // One code for both, so that a caller cannot find out whether another account's order exists.
            RejectReason.UnknownOrder or RejectReason.NotOwner => ProblemCodes.UnknownOrder,
            RejectReason.TooManyOrders => ProblemCodes.TooManyOrders,
            RejectReason.InsufficientBalance => ProblemCodes.InsufficientBalance,
            RejectReason.WouldCross => ProblemCodes.WouldCross,
            RejectReason.WouldNotFill => ProblemCodes.WouldNotFill,
            RejectReason.SelfTrade => ProblemCodes.SelfTrade,
            RejectReason.UnknownTrade => "unknown_trade",
            RejectReason.StaleObservation => "stale_observation",
            // The engine's limit on unsettled trades is reached. The condition passes as settlement catches up, so the code is one that
            // clients retry.
            RejectReason.SettlementBacklog => ProblemCodes.Unavailable,
            RejectReason.FirmUnavailable => ProblemCodes.FirmUnavailable,
            RejectReason.FirmRequired => ProblemCodes.FirmRequired,
            // No request of a caller meets these, but the facts of the chain can.
            RejectReason.InvalidAccount or RejectReason.NoRoom => "no_room",
            _ => ProblemCodes.MalformedRequest,
        };

    /// <summary>
    /// A decision of the book is the end of the order. Any other refusal (terms, limits, funds) may have passed when the order is sent
    /// again.
    /// </summary>
    public static bool KillsOrder(RejectReason reason) =>
        reason is RejectReason.WouldCross or RejectReason.WouldNotFill or RejectReason.SelfTrade;

    public static string Of(CancelReason reason) =>
        reason switch
        {
            CancelReason.Requested => "requested",
            CancelReason.ImmediateOrCancel => "immediate_or_cancel",
            CancelReason.SelfTrade => "self_trade",
            CancelReason.Unfunded => "unfunded",
            CancelReason.MarketClosed => "market_closed",
            CancelReason.Replaced => "replaced",
            CancelReason.Expired => "expired",
            CancelReason.Administrator => "administrator",
            CancelReason.BudgetSpent => "budget_spent",
            CancelReason.FilledOnChain => "filled_on_chain",
            CancelReason.FirmUnavailable => ProblemCodes.FirmUnavailable,
            _ => "cancelled",
        };
}
