using Foresight.Protocol;

namespace Foresight.Client;

/// <summary>What is signed, and beside it what the exchange is asked for (<see cref="PlaceOrderRequest"/>).</summary>
/// <param name="Market">Address of the market's contract.</param>
/// <param name="Outcome">0-based.</param>
/// <param name="Price">USDC per share, above 0 and below 1, in steps of 0.0001; the market's own step may be wider.</param>
/// <param name="Amount">Shares, in steps of 0.01.</param>
public sealed record OrderTerms(string Market, int Outcome, bool IsBuy, decimal Price, decimal Amount)
{
    /// <summary>GTC, GTD, IOC or FOK.</summary>
    public string TimeInForce { get; init; } = "GTC";

    public bool PostOnly { get; init; }

    /// <summary>Whole seconds count; null: only the exchange's longest life of an order ends it.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public string? SelfTradePrevention { get; init; }
    public string? ClientOrderId { get; init; }

    /// <summary>One of <see cref="Purses"/>; null leaves the choice to the exchange.</summary>
    public string? Purse { get; init; }

    public bool FirmOnly { get; init; }
}
