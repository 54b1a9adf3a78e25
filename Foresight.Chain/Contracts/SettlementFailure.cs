using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

public enum FailureBlame
{
    /// <summary>
    /// Only <see cref="SettlementFailure.Account"/>, or the maker of <see cref="SettlementFailure.OrderHash"/>, because the other makers of
    /// the match did nothing wrong.
    /// </summary>
    Maker,

    Nobody,

    Relayer,
}

/// <summary>The payer has the funds and approved them, so the token's issuer has blocked payer or payee.</summary>
public sealed record RefusedTransfer(Address From, Address To, BigInteger Amount);

/// <param name="Code">Stable, because metrics and clients depend on it.</param>
/// <param name="Account">Null if the contract does not name one.</param>
public sealed record SettlementFailure(string Code, FailureBlame Blame, Address? Account, Hash32? OrderHash, string Text)
{
    /// <summary>The contract does not know whether the token blocks the payer or the payee, so no account is blamed.</summary>
    public RefusedTransfer? Transfer { get; init; }

    public const string InsufficientCollateral = "insufficient_collateral";
    public const string InsufficientShares = "insufficient_shares";
    public const string TransferRefused = "transfer_refused";
    public const string PayoutRefused = "payout_refused";
    public const string InsufficientVaultBalance = "insufficient_vault_balance";
    public const string InvalidSignature = "invalid_signature";
    public const string OrderExpired = "order_expired";
    public const string OrderCancelled = "order_cancelled";
    public const string OrderOverfilled = "order_overfilled";
    public const string MarketPaused = "market_paused";
    public const string MarketNotOpen = "market_not_open";
    public const string DuplicateTrade = "duplicate_trade";
    public const string PriceOutsideLimit = "price_outside_limit";
    public const string NotInEscape = "not_in_escape";
    public const string ExpiryRequired = "expiry_required";
    public const string Malformed = "malformed_match";
    public const string OutOfGas = "out_of_gas";
    public const string Unknown = "unknown";

    private static readonly (AbiError Error, Func<AbiValues, SettlementFailure> Explain)[] Known =
    [
        (
            Factory("InsufficientCollateral"),
            e =>
                OfAccount(
                    e,
                    InsufficientCollateral,
                    $"{e.Address("account")} can spend {e.Integer("available")} micro-USDC (the lesser of balance and approval); "
                        + $"{e.Integer("needed")} are needed"
                )
        ),
        (
            Factory("InsufficientShares"),
            e =>
                OfAccount(
                    e,
                    InsufficientShares,
                    $"{e.Address("account")} can sell {Shares(e.Integer("available"))} shares of outcome {e.Integer("outcomeIndex")}; "
                        + $"{Shares(e.Integer("needed"))} are needed"
                )
        ),
        (
            Factory("TransferRefused"),
            e =>
                new(
                    TransferRefused,
                    FailureBlame.Maker,
                    null,
                    null,
                    $"the token refused a transfer from {e.Address("from")} to {e.Address("to")} although it is funded and approved"
                )
                {
                    Transfer = new RefusedTransfer(e.Address("from"), e.Address("to"), e.Integer("amount")),
                }
        ),
        (Market("PayoutRefused"), e => OfAccount(e, PayoutRefused, $"the token refused a payout to {e.Address("account")}")),
        (
            ContractArtifact.Vault.Error("InsufficientVaultBalance"),
            e =>
                new(
                    InsufficientVaultBalance,
                    FailureBlame.Relayer,
                    e.Address("account"),
                    null,
                    $"the vault holds {e.Integer("available")} of asset {e.Integer("asset")} for {e.Address("account")}; "
                        + $"{e.Integer("needed")} are needed"
                )
        ),
        (
            Market("InvalidSignature"),
            e =>
                new(
                    InvalidSignature,
                    FailureBlame.Maker,
                    e.Address("maker"),
                    e.Hash("orderHash"),
                    $"the signature of order {e.Hash("orderHash")} does not hold for {e.Address("maker")}"
                )
        ),
        (Market("OrderExpired"), e => OfOrder(e, OrderExpired, FailureBlame.Nobody, $"expired at {e.Integer("expiry")}")),
        (Market("OrderCancelled"), e => OfOrder(e, OrderCancelled, FailureBlame.Maker, "was cancelled on chain")),
        (
            Market("OrderOverfilled"),
            e => OfOrder(e, OrderOverfilled, FailureBlame.Nobody, $"has only {Shares(e.Integer("remaining"))} shares left on chain")
        ),
        (Market("MarketPaused"), _ => new(MarketPaused, FailureBlame.Nobody, null, null, "the market is paused")),
        (Market("MarketNotOpen"), _ => new(MarketNotOpen, FailureBlame.Nobody, null, null, "the market is resolved or invalid")),
        (
            Market("DuplicateTrade"),
            e => new(DuplicateTrade, FailureBlame.Relayer, null, null, $"trade {e.Integer("tradeId")} was settled before")
        ),
        (
            Market("PriceOutsideLimit"),
            e =>
                new(
                    PriceOutsideLimit,
                    FailureBlame.Relayer,
                    null,
                    e.Hash("orderHash"),
                    $"order {e.Hash("orderHash")} has the limit {e.Integer("limit")}"
                )
        ),
        (
            Market("NotInEscape"),
            e => new(NotInEscape, FailureBlame.Nobody, null, null, $"only the relayer fills orders until {e.Integer("guardedUntil")}")
        ),
        (
            Market("ExpiryRequired"),
            e => OfOrder(e, ExpiryRequired, FailureBlame.Nobody, "has no expiry, so it is not filled without the relayer")
        ),
        (Market("BadMatch"), _ => OfRelayer("the legs are no match")),
        (Market("BadTradeId"), _ => OfRelayer("the trade id is zero")),
        (Market("BadOutcome"), e => OfRelayer($"there is no outcome {e.Integer("outcomeIndex")}")),
        (Market("BadAmount"), e => OfRelayer($"{e.Integer("amount")} is not a whole number of lots")),
        (Market("BadPrice"), e => OfRelayer($"{e.Integer("price")} is not a price in whole ticks")),
    ];

    public static SettlementFailure Decode(ReadOnlySpan<byte> revertData) =>
        AbiErrors.Explain(Known, revertData)
        ?? new(revertData.IsEmpty ? OutOfGas : Unknown, FailureBlame.Relayer, null, null, RevertReason.Text(revertData));

    private static AbiError Market(string name) => ContractArtifact.Market.Error(name);

    private static AbiError Factory(string name) => ContractArtifact.MarketFactory.Error(name);

    private static SettlementFailure OfAccount(AbiValues e, string code, string text) =>
        new(code, FailureBlame.Maker, e.Address("account"), null, text);

    private static SettlementFailure OfOrder(AbiValues e, string code, FailureBlame blame, string text) =>
        new(code, blame, null, e.Hash("orderHash"), $"order {e.Hash("orderHash")} {text}");

    private static SettlementFailure OfRelayer(string text) => new(Malformed, FailureBlame.Relayer, null, null, text);

    private static string Shares(BigInteger amount)
    {
        var (whole, fraction) = BigInteger.DivRem(amount, BigInteger.Pow(10, 18));
        return fraction.IsZero ? whole.ToString() : $"{whole}.{fraction.ToString().PadLeft(18, '0').TrimEnd('0')}";
    }
}
