using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Contracts;

/// <summary>contracts/src/Market.sol: the data of its calls, its events, and its views.</summary>
public sealed class MarketContract(EthereumClient client, Address address)
{
    /// <summary>
    /// Gas that the market sets aside for a match, besides <see cref="LegGas"/> for each of its legs, before it calls it.
    /// </summary>
    public const long MatchGas = 150_000;

    public const long LegGas = 450_000;

    private const string OrderTuple =
        "(address maker, uint256 outcomeIndex, bool isBuy, uint256 price, uint256 amount, uint256 salt, uint256 expiry)";

    public static readonly AbiFunction SettleFunction =
        AbiFunction.Parse(
            $"settle((uint256 tradeId, ({OrderTuple} order, bytes signature, uint256 amount, uint256 price)[] legs)[] matches)");

    public static readonly AbiFunction FillOrderSignedFunction =
        AbiFunction.Parse($"fillOrderSigned({OrderTuple} order, bytes signature, uint256 amount)");
    public static readonly AbiFunction OrderHashFunction = AbiFunction.Parse($"orderHash({OrderTuple} order) returns (bytes32 hash)");
    public static readonly AbiFunction FilledFunction = AbiFunction.Parse("filled(bytes32 orderHash) returns (uint256 amount)");
    public static readonly AbiFunction IsSaltCancelledFunction =
        AbiFunction.Parse("isSaltCancelled(address maker, uint256 salt) returns (bool cancelled)");
    public static readonly AbiFunction IsTradeSettledFunction = AbiFunction.Parse("isTradeSettled(uint256 tradeId) returns (bool settled)");
    public static readonly AbiFunction CancelSaltFunction = AbiFunction.Parse("cancelSalt(uint256 salt)");
    public static readonly AbiFunction CancelSaltSignedFunction =
        AbiFunction.Parse("cancelSaltSigned(address maker, uint256 salt, bytes signature)");
    public static readonly AbiFunction MintSetFunction = AbiFunction.Parse("mintSet(uint256 amount)");
    public static readonly AbiFunction MergeSetFunction = AbiFunction.Parse("mergeSet(uint256 amount)");
    public static readonly AbiFunction RedeemFunction =
        AbiFunction.Parse("redeem(uint256 outcomeIndex, uint256 amount) returns (uint256 paid)");
    public static readonly AbiFunction WithdrawFeesFunction = AbiFunction.Parse("withdrawFees()");
    public static readonly AbiFunction ResolveFunction = AbiFunction.Parse("resolve(uint256 outcomeIndex)");
    public static readonly AbiFunction InvalidateFunction = AbiFunction.Parse("invalidate()");
    public static readonly AbiFunction PauseFunction = AbiFunction.Parse("pause()");
    public static readonly AbiFunction UnpauseFunction = AbiFunction.Parse("unpause()");
    public static readonly AbiFunction OutcomesFunction = AbiFunction.Parse("outcomes() returns (uint256 count)");
    public static readonly AbiFunction StateFunction = AbiFunction.Parse("state() returns (uint8 state)");
    public static readonly AbiFunction PausedFunction = AbiFunction.Parse("paused() returns (bool paused)");
    public static readonly AbiFunction MatchGasFunction = AbiFunction.Parse("MATCH_GAS() returns (uint256 gas)");
    public static readonly AbiFunction LegGasFunction = AbiFunction.Parse("LEG_GAS() returns (uint256 gas)");

    public Address Address => address;

    /// <summary>
    /// By the operator: each match for itself; <see cref="MarketEvent.SettlementFailed"/> tells of those that could not be settled.
    /// </summary>
    public static byte[] Settle(IReadOnlyList<MarketMatch> matches) => SettleFunction.Encode([matches.Select(OfMatch).ToArray()]);

    /// <summary>By anybody, who takes the order's other side at its price. The caller has approved the factory.</summary>
    public static byte[] FillOrderSigned(OrderMessage order, byte[] signature, BigInteger amount)
        => FillOrderSignedFunction.Encode(OfOrder(order), signature, amount);

    /// <summary>By the maker.</summary>
    public static byte[] CancelSalt(BigInteger salt) => CancelSaltFunction.Encode(salt);

    /// <summary>By anybody who has the maker's signature.</summary>
    public static byte[] CancelSaltSigned(Address maker, BigInteger salt, byte[] signature) =>
        CancelSaltSignedFunction.Encode(maker, salt, signature);

    /// <param name="amount">10^-18 shares of every outcome, whole micro-USDC: a multiple of 10^12.</param>
    public static byte[] MintSet(BigInteger amount) => MintSetFunction.Encode(amount);

    public static byte[] MergeSet(BigInteger amount) => MergeSetFunction.Encode(amount);

    public static byte[] Redeem(int outcome, BigInteger amount) => RedeemFunction.Encode(outcome, amount);

    public static byte[] Resolve(int outcome) => ResolveFunction.Encode(outcome);

    public static byte[] Invalidate() => InvalidateFunction.Encode();

    public static byte[] Pause() => PauseFunction.Encode();

    public static byte[] Unpause() => UnpauseFunction.Encode();

    public static byte[] WithdrawFees() => WithdrawFeesFunction.Encode();

    /// <summary>10^-18 shares filled so far, of the order with this digest.</summary>
    public async Task<BigInteger> FilledAsync(Hash32 orderHash, BlockRef block = default, CancellationToken cancel = default)
        => (await ReadAsync(FilledFunction, block, cancel, orderHash)).Integer("amount");

    public async Task<bool> IsTradeSettledAsync(BigInteger tradeId, BlockRef block = default, CancellationToken cancel = default)
        => (await ReadAsync(IsTradeSettledFunction, block, cancel, tradeId)).Bool("settled");

    public async Task<bool> IsSaltCancelledAsync(
        Address maker, BigInteger salt, BlockRef block = default, CancellationToken cancel = default)
        => (await ReadAsync(IsSaltCancelledFunction, block, cancel, maker, salt)).Bool("cancelled");

    public async Task<Hash32> OrderHashAsync(OrderMessage order, BlockRef block = default, CancellationToken cancel = default)
        => (await ReadAsync(OrderHashFunction, block, cancel, [OfOrder(order)])).Hash("hash");

    /// <summary>
    /// A gas limit for a batch: what its matches use (<paramref name="estimate"/>, of eth_estimateGas or of earlier batches), and the due
    /// of the largest match once more, which must still be there before the last one and is given back.
    /// </summary>
    public static long GasLimit(long estimate, int legsOfLargestMatch) =>
        estimate + ((MatchGas + (LegGas * legsOfLargestMatch)) * 64 / 63) + 1;

    public async Task<int> OutcomesAsync(BlockRef block = default, CancellationToken cancel = default)
        => (int)(await ReadAsync(OutcomesFunction, block, cancel)).Integer("count");

    public async Task<AbiValues> ReadAsync(
        AbiFunction function, BlockRef block, CancellationToken cancel, params IReadOnlyList<object?> arguments)
        => function.DecodeOutput(await client.CallAsync(new CallRequest(address, function.Encode(arguments)), block, cancel));

    private static object[] OfMatch(MarketMatch match) =>
    [
        match.TradeId,
        match.Legs.Select(leg => new object[] { OfOrder(leg.Order), leg.Signature, leg.Amount, leg.Price }).ToArray(),
    ];

    private static object[] OfOrder(OrderMessage order)
        => [order.Maker, order.OutcomeIndex, order.IsBuy, order.Price, order.Amount, order.Salt, order.Expiry];
}
