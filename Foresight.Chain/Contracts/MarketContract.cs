using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

/// <summary>Binding of contracts/src/Market.sol: calldata, events and views.</summary>
public sealed class MarketContract(EthereumClient client, Address address) : DeployedContract(client, address)
{
    /// <summary>Gas that the market reserves for a match before it executes it, in addition to <see cref="LegGas"/> for each leg.</summary>
    public const long MatchGas = 150_000;

    public const long LegGas = 450_000;

    public static readonly AbiFunction SettleFunction = ContractArtifact.Market.Function("settle");

    public static readonly AbiFunction SettleMatchFunction = ContractArtifact.Market.Function("settleMatch");
    public static readonly AbiFunction FilledFunction = ContractArtifact.Market.Function("filled");
    public static readonly AbiFunction IsTradeSettledFunction = ContractArtifact.Market.Function("isTradeSettled");
    public static readonly AbiFunction MintSetFunction = ContractArtifact.Market.Function("mintSet");
    public static readonly AbiFunction OutcomesFunction = ContractArtifact.Market.Function("outcomes");
    public static readonly AbiFunction StateFunction = ContractArtifact.Market.Function("state");
    public static readonly AbiFunction PausedFunction = ContractArtifact.Market.Function("paused");

    /// <summary>
    /// Operator only. Matches are settled independently; <see cref="MarketEvent.SettlementFailed"/> reports each one that failed.
    /// </summary>
    public static byte[] Settle(IReadOnlyList<MarketMatch> matches) => SettleFunction.Encode([matches]);

    /// <summary>
    /// The market's call to itself for one match. Reverts with the cause, where <see cref="Settle"/> catches it; used to simulate a match.
    /// </summary>
    public static byte[] SettleMatch(MarketMatch match) => SettleMatchFunction.Encode(match);

    /// <param name="amount">In 10^-18 shares of every outcome. Must be a multiple of 10^12, which is one micro-USDC.</param>
    public static byte[] MintSet(BigInteger amount) => MintSetFunction.Encode(amount);

    /// <summary>Filled amount, in 10^-18 shares, of the order with this digest.</summary>
    public Task<BigInteger> FilledAsync(Hash32 orderHash, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<BigInteger>(FilledFunction, block, cancellationToken, orderHash);

    /// <summary>
    /// Gas limit of a batch: the gas its matches use (<paramref name="estimate"/>, from eth_estimateGas or earlier batches), plus the
    /// reserve of the largest match, which must still be available before the last match and is refunded.
    /// </summary>
    public static long GasLimit(long estimate, int legsOfLargestMatch) =>
        estimate + ((MatchGas + (LegGas * legsOfLargestMatch)) * 64 / 63) + 1;

    public async Task<int> OutcomesAsync(BlockRef block = default, CancellationToken cancellationToken = default) =>
        (int)await ReadAsync<BigInteger>(OutcomesFunction, block, cancellationToken);
}
