using Foresight.Matching.Engine;
using Foresight.Matching.Orders;

namespace Foresight.Matching.Invariants;

// The part of the tables' rows that commands determine. Derived twice, from the commands and from the tables, so that the two can be
// compared.

internal readonly record struct OrderFacts(
    int Market,
    int Account,
    byte Outcome,
    bool IsBuy,
    long Lots,
    long Sequence,
    long Epoch,
    int PriceTicks,
    long FilledLots,
    OrderStatus Status,
    long Changed,
    Purse Purse,
    long ReducedLots = 0
)
{
    public override string ToString() =>
        $"{Status} with {FilledLots} of {Lots} lots filled and {ReducedLots} filled past us, at {PriceTicks} ticks, "
        + $"{(IsBuy ? "buying" : "selling")} {Market}:{Outcome} for account {Account} from its {Purse.Word()}, "
        + $"by ({Epoch}, {Sequence}), last changed by {Changed}";
}

internal readonly record struct TradeFacts(
    int Market,
    TradeKind Kind,
    long Lots,
    byte TakerOutcome,
    bool TakerIsBuy,
    int TakerPriceTicks,
    long Sequence,
    long Epoch,
    bool Firm
)
{
    public override string ToString() =>
        $"{(Firm ? "firm " : "")}{Kind} of {Lots} lots in {Market}, its taker {(TakerIsBuy ? "buying" : "selling")} {TakerOutcome} at "
        + $"{TakerPriceTicks} ticks, by ({Epoch}, {Sequence})";
}

internal readonly record struct FillFacts(
    long Order,
    int Account,
    byte Outcome,
    bool IsBuy,
    int PriceTicks,
    long Lots,
    bool IsTaker,
    Purse Purse
)
{
    public override string ToString() =>
        $"{Lots} lots of order {Order} of account {Account} from its {Purse.Word()}, {(IsBuy ? "buying" : "selling")} {Outcome} at "
        + $"{PriceTicks} ticks{(IsTaker ? " as taker" : "")}";
}

internal readonly record struct TombstoneFacts(int Market, int Account, ulong SaltTag, long Epoch, bool MetOrder, long CountsUntilSeconds)
{
    public override string ToString() =>
        $"salt {SaltTag:x16} of account {Account} in market {Market}, {(MetOrder ? "of orders" : "without an order")}, counted until "
        + $"{CountsUntilSeconds}, by epoch {Epoch}";
}

internal readonly record struct BalanceKey(int Account, int Market, byte Outcome, Purse Purse)
{
    public override string ToString() =>
        Outcome == Command.CollateralOutcome
            ? $"The collateral in the {Purse.Word()} of account {Account}"
            : $"The shares of {Market}:{Outcome} in the {Purse.Word()} of account {Account}";
}

internal readonly record struct Position(long Epoch, long Sequence, Guid RequestId, DateTime AcceptedAt);

internal static class PurseWords
{
    public static string Word(this Purse purse) => purse == Purse.Vault ? "vault" : "wallet";
}
