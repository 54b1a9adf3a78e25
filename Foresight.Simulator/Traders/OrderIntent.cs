using Foresight.Matching.Engine;

namespace Foresight.Simulator.Traders;

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
    /// <summary>The same exposure in terms of the other outcome of a binary market: buying NO at q is selling YES at 1 - q.</summary>
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
