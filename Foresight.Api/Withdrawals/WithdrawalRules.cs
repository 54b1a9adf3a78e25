using System.Globalization;
using System.Numerics;
using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Withdrawals;

public readonly record struct WithdrawalRoute([FromRoute(Name = "address")] string Address, [FromRoute(Name = "nonce")] string Nonce)
    : ICheckedParameters
{
    internal Address Account => Chain.Address.Parse(Address);

    internal ulong Number => ulong.Parse(Nonce, CultureInfo.InvariantCulture);

    Problem? ICheckedParameters.Problem =>
        !Chain.Address.TryParse(Address, out _) ? OrderRules.NotAnAddress("address")
        : WithdrawalRules.TryReadNonce(Nonce, out _) ? null
        : WithdrawalRules.NotANonce;
}

/// <param name="MarketId">0: collateral.</param>
public readonly record struct AskedWithdrawal(
    Address Account,
    int MarketId,
    int Outcome,
    long Units,
    ulong Nonce,
    long Deadline,
    byte[] Signature
);

public static class WithdrawalRules
{
    public const string Collateral = "USDC";

    public static readonly Problem NotANonce = Problem.Malformed("nonce must be a decimal number from 0 to 2^64 - 1.");

    public static Problem? ReadShape(WithdrawalRequest request, out AskedWithdrawal asked)
    {
        asked = default;
        if (!Address.TryParse(request.Account, out var account))
            return OrderRules.NotAnAddress("account");
        if (!TryReadNonce(request.Nonce, out var nonce))
            return NotANonce;
        if (!OrderRules.TryReadHex(request.Signature, out var signature))
            return Problem.Malformed("signature must be 0x and hexadecimal digits.");
        if (!TryReadAsset(request.Asset, out var market, out var outcome))
            return Problem.Malformed($"asset must be {Collateral}, or a market's id and an outcome, such as 3:0.");
        if (ReadUnits(request.Amount, market == 0) is not { } units)
            return Problem.Malformed("amount must be a positive decimal of USDC with at most 6 decimals, or of shares with at most 2.");
        if (request.Deadline < 1)
            return new Problem(ProblemCodes.InvalidDeadline, "deadline must be a number of Unix seconds, 1 to 60 minutes ahead.");
        asked = new AskedWithdrawal(account, market, outcome, units, nonce, request.Deadline, signature);
        return null;
    }

    public static bool TryReadNonce(string? text, out ulong nonce)
    {
        nonce = 0;
        return OrderRules.TryReadInteger(text, out var number) && number <= ulong.MaxValue && (nonce = (ulong)number) == number;
    }

    public static string NameOf(int market, int outcome) => outcome == Command.CollateralOutcome ? Collateral : $"{market}:{outcome}";

    /// <param name="units">Micro-USDC, or lots.</param>
    public static string AmountOf(int outcome, long units) =>
        outcome == Command.CollateralOutcome ? Decimals.Usdc(units) : Decimals.Shares(units);

    private static bool TryReadAsset(string? text, out int market, out int outcome)
    {
        (market, outcome) = (0, Command.CollateralOutcome);
        if (text == Collateral)
            return true;
        return text?.Split(':') is [var id, var number]
            && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out market)
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out outcome)
            && market > 0
            && outcome < ExchangeLimits.MaxOutcomes;
    }

    /// <summary>Digits and at most one point, with no more decimals than the unit has; null for anything else, and for zero.</summary>
    private static long? ReadUnits(string? text, bool isCollateral)
    {
        var decimals = isCollateral ? 6 : 2;
        var parts = text?.Split('.') ?? [];
        if (
            parts.Length is not (1 or 2)
            || parts.Any(part => part.Length == 0 || !part.All(char.IsAsciiDigit))
            || text!.Length > 30
            || parts.Length == 2 && parts[1].Length > decimals
        )
            return null;
        var fraction = (parts.Length == 2 ? parts[1] : "").PadRight(decimals, '0');
        var units = BigInteger.Parse(parts[0] + fraction, CultureInfo.InvariantCulture);
        return units > 0 && units <= ExchangeLimits.OwnedUnits ? (long)units : null;
    }
}
