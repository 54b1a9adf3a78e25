using Foresight.Matching.Engine;

namespace Foresight.Simulator.Traders;

/// <summary>An order that a trader has decided on and not yet signed.</summary>
/// <param name="ExpiresAt">Null: never.</param>
public sealed record OrderIntent(
    TradedMarket Market,
    int Outcome,
    Side Side,
    Price Price,
    Quantity Quantity,
    TimeInForce TimeInForce = TimeInForce.GoodTilCancelled,
    bool PostOnly = false,
    DateTimeOffset? ExpiresAt = null
)
{
    /// <summary>The same exposure in a binary market, said of the other outcome: buying NO at q is selling YES at 1 - q.</summary>
    public OrderIntent Mirrored() =>
        Market.IsBinary
            ? this with
            {
                Outcome = 1 - Outcome,
                Side = Side == Side.Buy ? Side.Sell : Side.Buy,
                Price = Price.Complement,
            }
            : throw new InvalidOperationException("only an order of a binary market has a mirror");
}
