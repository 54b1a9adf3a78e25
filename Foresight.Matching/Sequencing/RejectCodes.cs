using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Matching.Sequencing;

/// <summary>The exchange's reasons as the codes that callers see.</summary>
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
            // Whose order it is nobody else's business: the answer does not tell that it exists.
            RejectReason.UnknownOrder or RejectReason.NotOwner => ProblemCodes.UnknownOrder,
            RejectReason.TooManyOrders => ProblemCodes.TooManyOrders,
            RejectReason.InsufficientBalance => ProblemCodes.InsufficientBalance,
            RejectReason.WouldCross => ProblemCodes.WouldCross,
            RejectReason.WouldNotFill => ProblemCodes.WouldNotFill,
            RejectReason.SelfTrade => ProblemCodes.SelfTrade,
            RejectReason.UnknownTrade => "unknown_trade",
            RejectReason.StaleObservation => "stale_observation",
            // As many unsettled trades as the exchange holds: orders are taken again when settlement has caught up.
            RejectReason.SettlementBacklog or RejectReason.NoRoom => ProblemCodes.Unavailable,
            _ => ProblemCodes.MalformedRequest,
        };

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
            _ => "cancelled",
        };
}
