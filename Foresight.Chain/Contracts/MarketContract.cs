using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Contracts;

public sealed class MarketContract(EthereumClient client, Address address) : DeployedContract(client, address)
{
    /// <summary>
    /// Before each match the market checks that this much gas is left, and <see cref="LegGas"/> for each leg, because a call that asks for
    /// more than there is silently gets less (EIP-150; docs/decisions/0202).
    /// </summary>
    public const long MatchGas = 150_000;

    public const long LegGas = 450_000;

    public static readonly AbiFunction SettleFunction = ContractArtifact.Market.Function("settle");

    public static readonly AbiFunction SettleMatchFunction = ContractArtifact.Market.Function("settleMatch");
    public static readonly AbiFunction FilledFunction = ContractArtifact.Market.Function("filled");
    public static readonly AbiFunction IsTradeSettledFunction = ContractArtifact.Market.Function("isTradeSettled");
    public static readonly AbiFunction FillOrderSignedFunction = ContractArtifact.Market.Function("fillOrderSigned");
    public static readonly AbiFunction MintSetFunction = ContractArtifact.Market.Function("mintSet");
    public static readonly AbiFunction OutcomesFunction = ContractArtifact.Market.Function("outcomes");
    public static readonly AbiFunction StateFunction = ContractArtifact.Market.Function("state");
    public static readonly AbiFunction PausedFunction = ContractArtifact.Market.Function("paused");
    public static readonly AbiFunction ResolveFunction = ContractArtifact.Market.Function("resolve");
    public static readonly AbiFunction InvalidateFunction = ContractArtifact.Market.Function("invalidate");
    public static readonly AbiFunction ApplyDecisionFunction = ContractArtifact.Market.Function("applyDecision");
    public static readonly AbiFunction AnnouncedFunction = ContractArtifact.Market.Function("announced");

    /// <summary>Resolver only, and for ever.</summary>
    public static byte[] Resolve(int outcome) => ResolveFunction.Encode(outcome);

    /// <summary>Resolver only, and for ever.</summary>
    public static byte[] Invalidate() => InvalidateFunction.Encode();

    /// <summary>By anybody, once the vault's delay after the announcement is over.</summary>
    public static byte[] ApplyDecision() => ApplyDecisionFunction.Encode();

    /// <summary>Announced, whether or not it has taken effect.</summary>
    public async Task<bool> IsDecisionAnnouncedAsync(BlockRef block, CancellationToken cancellationToken = default)
    {
        var output = await Client.CallAsync(new CallRequest(Address, AnnouncedFunction.Encode()), block, cancellationToken);
        return !AnnouncedFunction.DecodeOutput(output).Integer("state").IsZero;
    }

    /// <summary>
    /// Operator only. Each match is settled in a call of its own, because one maker without funds must not revert the batch
    /// (docs/decisions/0202); <see cref="MarketEvent.SettlementFailed"/> reports each one that failed.
    /// </summary>
    public static byte[] Settle(IReadOnlyList<MarketMatch> matches) => SettleFunction.Encode([matches]);

    /// <returns>The trades that a call of <see cref="Settle"/> names; none for any other call.</returns>
    public static IReadOnlyList<long> TradeIdsOf(ReadOnlySpan<byte> call)
    {
        if (!call.StartsWith(SettleFunction.Selector))
            return [];
        // The array is the only argument: its offset, its count, then an offset to each match, which begins with its trade id.
        var matches = call[(4 + Word.Size)..];
        var ids = new long[(int)Word.Read(matches)];
        matches = matches[Word.Size..];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = MarketMatch.TradeIdOf(Word.Read(matches[(int)Word.Read(matches[(i * Word.Size)..])..]));
        return ids;
    }

    /// <summary>
    /// The market's call to itself for one match. It reverts with the cause, which <see cref="Settle"/> catches, so an eth_call of it shows
    /// why a match fails.
    /// </summary>
    public static byte[] SettleMatch(MarketMatch match) => SettleMatchFunction.Encode(match);

    /// <summary>
    /// In escape mode only, because strangers would otherwise fill what the relayer cancelled, and only orders with an expiry, because the
    /// life of the others has no end (docs/decisions/0208).
    /// </summary>
    /// <param name="amount">In 10^-18 shares.</param>
    public static byte[] FillOrderSigned(OrderMessage order, byte[] signature, BigInteger amount) =>
        FillOrderSignedFunction.Encode(order, signature, amount);

    /// <param name="amount">In 10^-18 shares of every outcome; a multiple of 10^12, because that many cost one micro-USDC.</param>
    public static byte[] MintSet(BigInteger amount) => MintSetFunction.Encode(amount);

    public Task<BigInteger> FilledAsync(Hash32 orderHash, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<BigInteger>(FilledFunction, block, cancellationToken, orderHash);

    /// <summary>
    /// The gas that the matches use (<paramref name="estimate"/>), plus the demand of the largest match: the market wants to see that much
    /// left before the last match, and a call gets at most 63/64 of what is left (EIP-150). What is not used is refunded.
    /// </summary>
    public static long GasLimit(long estimate, int legsOfLargestMatch) =>
        estimate + ((MatchGas + (LegGas * legsOfLargestMatch)) * 64 / 63) + 1;

    public async Task<int> OutcomesAsync(BlockRef block = default, CancellationToken cancellationToken = default) =>
        (int)await ReadAsync<BigInteger>(OutcomesFunction, block, cancellationToken);
}
