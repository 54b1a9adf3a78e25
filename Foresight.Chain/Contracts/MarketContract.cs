using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Contracts;

/// <summary>contracts/src/Market.sol: the data of its calls, its events, and its views.</summary>
public sealed class MarketContract(EthereumClient client, Address address) : DeployedContract(client, address)
{
    /// <summary>
    /// Gas that the market sets aside for a match, besides <see cref="LegGas"/> for each of its legs, before it calls it.
    /// </summary>
    public const long MatchGas = 150_000;

    public const long LegGas = 450_000;

    public static readonly AbiFunction SettleFunction = ContractArtifact.Market.Function("settle");

    public static readonly AbiFunction SettleMatchFunction = ContractArtifact.Market.Function("settleMatch");
    public static readonly AbiFunction FillOrderSignedFunction = ContractArtifact.Market.Function("fillOrderSigned");
    public static readonly AbiFunction OrderHashFunction = ContractArtifact.Market.Function("orderHash");
    public static readonly AbiFunction FilledFunction = ContractArtifact.Market.Function("filled");
    public static readonly AbiFunction IsSaltCancelledFunction = ContractArtifact.Market.Function("isSaltCancelled");
    public static readonly AbiFunction IsTradeSettledFunction = ContractArtifact.Market.Function("isTradeSettled");
    public static readonly AbiFunction CancelSaltFunction = ContractArtifact.Market.Function("cancelSalt");
    public static readonly AbiFunction CancelSaltSignedFunction = ContractArtifact.Market.Function("cancelSaltSigned");
    public static readonly AbiFunction MintSetFunction = ContractArtifact.Market.Function("mintSet");
    public static readonly AbiFunction MergeSetFunction = ContractArtifact.Market.Function("mergeSet");
    public static readonly AbiFunction RedeemFunction = ContractArtifact.Market.Function("redeem");
    public static readonly AbiFunction WithdrawFeesFunction = ContractArtifact.Market.Function("withdrawFees");
    public static readonly AbiFunction ResolveFunction = ContractArtifact.Market.Function("resolve");
    public static readonly AbiFunction InvalidateFunction = ContractArtifact.Market.Function("invalidate");
    public static readonly AbiFunction PauseFunction = ContractArtifact.Market.Function("pause");
    public static readonly AbiFunction UnpauseFunction = ContractArtifact.Market.Function("unpause");
    public static readonly AbiFunction OutcomesFunction = ContractArtifact.Market.Function("outcomes");
    public static readonly AbiFunction StateFunction = ContractArtifact.Market.Function("state");
    public static readonly AbiFunction PausedFunction = ContractArtifact.Market.Function("paused");
    public static readonly AbiFunction MatchGasFunction = ContractArtifact.Market.Function("MATCH_GAS");
    public static readonly AbiFunction LegGasFunction = ContractArtifact.Market.Function("LEG_GAS");

    /// <summary>
    /// By the operator: each match for itself; <see cref="MarketEvent.SettlementFailed"/> tells of those that could not be settled.
    /// </summary>
    public static byte[] Settle(IReadOnlyList<MarketMatch> matches) => SettleFunction.Encode([matches.Select(OfMatch).ToArray()]);

    /// <summary>One match as the market calls itself for it: reverts, where <see cref="Settle"/> catches what a match reverts with.</summary>
    public static byte[] SettleMatch(MarketMatch match) => SettleMatchFunction.Encode([OfMatch(match)]);

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
    public Task<BigInteger> FilledAsync(Hash32 orderHash, BlockRef block = default, CancellationToken cancel = default)
        => ReadAsync<BigInteger>(FilledFunction, block, cancel, orderHash);

    public Task<bool> IsTradeSettledAsync(BigInteger tradeId, BlockRef block = default, CancellationToken cancel = default)
        => ReadAsync<bool>(IsTradeSettledFunction, block, cancel, tradeId);

    public Task<bool> IsSaltCancelledAsync(
        Address maker, BigInteger salt, BlockRef block = default, CancellationToken cancel = default)
        => ReadAsync<bool>(IsSaltCancelledFunction, block, cancel, maker, salt);

    public Task<Hash32> OrderHashAsync(OrderMessage order, BlockRef block = default, CancellationToken cancel = default)
        => ReadAsync<Hash32>(OrderHashFunction, block, cancel, [OfOrder(order)]);

    /// <summary>
    /// A gas limit for a batch: what its matches use (<paramref name="estimate"/>, of eth_estimateGas or of earlier batches), and the due
    /// of the largest match once more, which must still be there before the last one and is given back.
    /// </summary>
    public static long GasLimit(long estimate, int legsOfLargestMatch) =>
        estimate + ((MatchGas + (LegGas * legsOfLargestMatch)) * 64 / 63) + 1;

    public async Task<int> OutcomesAsync(BlockRef block = default, CancellationToken cancel = default)
        => (int)await ReadAsync<BigInteger>(OutcomesFunction, block, cancel);

    private static object[] OfMatch(MarketMatch match) =>
    [
        match.TradeId,
        match.Legs.Select(leg => new object[] { OfOrder(leg.Order), leg.Signature, leg.Amount, leg.Price }).ToArray(),
    ];

    private static object[] OfOrder(OrderMessage order)
        => [order.Maker, order.OutcomeIndex, order.IsBuy, order.Price, order.Amount, order.Salt, order.Expiry];
}
