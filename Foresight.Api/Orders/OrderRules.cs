using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Api.Orders;

/// <summary>
/// Run before the signature recovery, which is expensive. Pure: the same request, market and time give the same answer. If several checks
/// fail, the first of this order is reported: shape, market, outcome, price, tick, amount, time in force, expiry; then the signature.
/// </summary>
public static class OrderRules
{
    public const int MaxClientOrderId = 64;

    /// <summary>Last second of the year 9999, the latest that DateTimeOffset can represent.</summary>
    public const long MaxExpirySeconds = 253_402_300_799;

    public static Problem? ReadShape(PlaceOrderRequest request, out Address market, out OrderMessage message, out byte[] signature)
    {
        (market, message, signature) = (default, default, []);
        if (!Address.TryParse(request.Market, out market))
            return NotAMarket();
        var order = request.Order;
        if (!Address.TryParse(order.Maker, out var maker))
            return NotAnAddress("order.maker");
        if (!TryReadInteger(order.Price, out var price))
            return NotAnInteger("order.price");
        if (!TryReadInteger(order.Amount, out var amount))
            return NotAnInteger("order.amount");
        if (!TryReadInteger(order.Salt, out var salt))
            return NotAnInteger("order.salt");
        if (!TryReadInteger(order.Expiry, out var expiry))
            return NotAnInteger("order.expiry");
        if (expiry > MaxExpirySeconds)
            return Problem.Malformed($"order.expiry must be Unix seconds up to {MaxExpirySeconds}, or \"0\".");
        if (!TryReadHex(request.Signature, out signature))
            return Problem.Malformed("signature must be 0x and hexadecimal digits.");
        if (request.ClientOrderId is { } own && (own.Length is 0 or > MaxClientOrderId || own.Any(char.IsControl)))
            return Problem.Malformed($"clientOrderId must have 1 to {MaxClientOrderId} characters and no control characters.");
        if (Names.SelfTradePreventionOf(request.SelfTradePrevention) is null)
            return Problem.Malformed("selfTradePrevention must be cancel_newest, cancel_oldest or cancel_both.");
        if (Names.PurseChoiceOf(request.Purse) is null)
            return Problem.Malformed($"purse must be {Purses.Either}, {Purses.Wallet} or {Purses.Vault}.");
        message = new OrderMessage(maker, Math.Max(order.OutcomeIndex, 0), order.IsBuy, price, amount, salt, expiry);
        return null;
    }

    public static Problem? Check(
        PlaceOrderRequest request,
        Market market,
        OrderMessage message,
        DateTimeOffset now,
        int expiryMarginSeconds
    )
    {
        var outcome = request.Order.OutcomeIndex;
        if (outcome < 0 || outcome >= market.Outcomes.Count)
            return new Problem(ProblemCodes.InvalidOutcome, $"Market {market.Id} has outcomes 0 to {market.Outcomes.Count - 1}.");

        if (message.Price < OrderMessage.PricePerTick * Price.MinTicks || message.Price > OrderMessage.PricePerTick * Price.MaxTicks)
            return new Problem(
                ProblemCodes.InvalidPrice,
                "order.price is micro-USDC a share, from 100 (0.0001 USDC) to 999900 (0.9999 USDC)."
            );
        var step = OrderMessage.PricePerTick * market.TickSize;
        if (!(message.Price % step).IsZero)
            return new Problem(
                ProblemCodes.InvalidTick,
                $"order.price must be a multiple of {step} in this market ({Decimals.Price(market.TickSize)} USDC)."
            );

        var lots = BigInteger.DivRem(message.Amount, OrderMessage.AmountPerLot, out var rest);
        if (!rest.IsZero)
            return new Problem(ProblemCodes.InvalidAmount, "order.amount must be a multiple of 10^16 (0.01 share).");
        if (lots < Quantity.MinLots || lots > Quantity.MaxLots)
            return new Problem(ProblemCodes.InvalidAmount, "order.amount must be from 0.01 share (10^16) to 10^10 shares (10^28).");

        if (Names.TimeInForceOf(request.TimeInForce) is not { } timeInForce)
            return new Problem(ProblemCodes.InvalidTimeInForce, "timeInForce must be GTC, GTD, IOC (or FAK) or FOK.");
        if (timeInForce == TimeInForce.GoodTilDate && message.Expiry.IsZero)
            return new Problem(ProblemCodes.InvalidTimeInForce, "A GTD order needs an expiry.");
        if (request.PostOnly && timeInForce is TimeInForce.ImmediateOrCancel or TimeInForce.FillOrKill)
            return new Problem(ProblemCodes.InvalidTimeInForce, "A post-only order rests, so it cannot be IOC or FOK.");

        if (request.FirmOnly && timeInForce is not (TimeInForce.ImmediateOrCancel or TimeInForce.FillOrKill))
            return new Problem(
                ProblemCodes.InvalidTimeInForce,
                "A firmOnly order must be IOC or FOK: at rest it would cross what it passed."
            );
        if (request.FirmOnly && request.Purse == Purses.Wallet)
            return Problem.Malformed("A firmOnly order is paid from the vault.");

        var expiry = (long)message.Expiry;
        if (expiry != 0 && expiry <= now.ToUnixTimeSeconds())
            return new Problem(
                ProblemCodes.OrderExpired,
                $"order.expiry was {DateTimeOffset.FromUnixTimeSeconds(expiry):u}; it is {now:u}."
            );
        if (expiry != 0 && expiry - expiryMarginSeconds <= now.ToUnixTimeSeconds())
            return new Problem(
                ProblemCodes.ExpiryTooSoon,
                $"order.expiry is {DateTimeOffset.FromUnixTimeSeconds(expiry):u}; it is {now:u}, and an order ends here "
                    + $"{expiryMarginSeconds} s before it expires, so that its trades are on chain in time."
            );
        return null;
    }

    public static PlaceOrder CommandOf(
        Guid requestId,
        PlaceOrderRequest request,
        Market market,
        OrderMessage message,
        Hash32 hash,
        byte[] signature
    ) =>
        new()
        {
            RequestId = requestId,
            Shard = market.Shard,
            Hash = hash.ToString(),
            Maker = message.Maker.ToLowerHex(),
            MarketId = market.Id,
            Outcome = (int)message.OutcomeIndex,
            IsBuy = message.IsBuy,
            PriceTicks = (int)(message.Price / OrderMessage.PricePerTick),
            Lots = (long)(message.Amount / OrderMessage.AmountPerLot),
            Salt = message.Salt.ToString(),
            ExpirySeconds = (long)message.Expiry,
            Signature = Hex.Encode(signature),
            TimeInForce = (int)Names.TimeInForceOf(request.TimeInForce)!.Value,
            PostOnly = request.PostOnly,
            SelfTradePrevention = (int)Names.SelfTradePreventionOf(request.SelfTradePrevention)!.Value,
            Purse = (int)Names.PurseChoiceOf(request.Purse)!.Value,
            FirmOnly = request.FirmOnly,
            ClientOrderId = request.ClientOrderId,
        };

    /// <summary>
    /// Accepts one decimal form of a uint256 only (ASCII digits, no sign, no leading zero, no exponent), so that a number has one text.
    /// </summary>
    public static bool TryReadInteger([NotNullWhen(true)] string? text, out BigInteger value)
    {
        value = default;
        // 2^256 - 1 has 78 digits. The length check comes first because the cost of parsing grows faster than the length.
        if (text is null || text.Length is 0 or > 78 || text.Length > 1 && text[0] == '0' || !text.All(char.IsAsciiDigit))
            return false;
        value = BigInteger.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        return value <= Word.MaxUInt256;
    }

    public static bool TryReadHex([NotNullWhen(true)] string? text, out byte[] bytes)
    {
        bytes = [];
        if (
            text is null
            || text.Length < 2
            || text.Length % 2 != 0
            || text.Length > 2 + (2 * OrderSigning.MaxSignatureBytes)
            || text[0] != '0'
            || text[1] != 'x'
        )
            return false;
        bytes = new byte[(text.Length - 2) / 2];
        return Hex.TryDecode(text, bytes);
    }

    /// <summary>One problem for a malformed address and for an unknown one, because the caller fixes both in the same way.</summary>
    internal static Problem NotAMarket() => new(ProblemCodes.InvalidMarket, NotAnAddress("market").Detail);

    internal static Problem NotAnAddress(string member) =>
        Problem.Malformed(
            $"{member} must be an address: 0x and 40 hexadecimal digits, with the right checksum where upper and lower case are mixed."
        );

    internal static Problem NotAnInteger(string member) =>
        Problem.Malformed($"{member} must be a string of decimal digits, without sign or leading zeros, below 2^256.");
}
