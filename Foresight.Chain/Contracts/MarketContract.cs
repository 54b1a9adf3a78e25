using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

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
    public static readonly AbiFunction FilledFunction = ContractArtifact.Market.Function("filled");
    public static readonly AbiFunction IsTradeSettledFunction = ContractArtifact.Market.Function("isTradeSettled");
    public static readonly AbiFunction MintSetFunction = ContractArtifact.Market.Function("mintSet");
    public static readonly AbiFunction OutcomesFunction = ContractArtifact.Market.Function("outcomes");
    public static readonly AbiFunction StateFunction = ContractArtifact.Market.Function("state");
    public static readonly AbiFunction PausedFunction = ContractArtifact.Market.Function("paused");

    /// <summary>
    /// By the operator: each match for itself; <see cref="MarketEvent.SettlementFailed"/> tells of those that could not be settled.
    /// </summary>
    public static byte[] Settle(IReadOnlyList<MarketMatch> matches) => SettleFunction.Encode([matches]);

    /// <summary>
    /// One match as the market calls itself for it: reverts, where <see cref="Settle"/> catches what a match reverts with.
    /// </summary>
    public static byte[] SettleMatch(MarketMatch match) => SettleMatchFunction.Encode(match);

    /// <param name="amount">10^-18 shares of every outcome, whole micro-USDC: a multiple of 10^12.</param>
    public static byte[] MintSet(BigInteger amount) => MintSetFunction.Encode(amount);

    /// <summary>10^-18 shares filled so far, of the order with this digest.</summary>
    public Task<BigInteger> FilledAsync(Hash32 orderHash, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<BigInteger>(FilledFunction, block, cancellationToken, orderHash);

    /// <summary>
    /// A gas limit for a batch: what its matches use (<paramref name="estimate"/>, of eth_estimateGas or of earlier batches), and the due
    /// of the largest match once more, which must still be there before the last one and is given back.
    /// </summary>
    public static long GasLimit(long estimate, int legsOfLargestMatch) =>
        estimate + ((MatchGas + (LegGas * legsOfLargestMatch)) * 64 / 63) + 1;

    public async Task<int> OutcomesAsync(BlockRef block = default, CancellationToken cancellationToken = default) =>
        (int)await ReadAsync<BigInteger>(OutcomesFunction, block, cancellationToken);
}
