using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Contracts;

/// <summary>
/// Checks ERC-1271 signatures under the gas limit of the market contract, because a signature that is accepted here must hold
/// in a settlement.
/// </summary>
public static class ContractWallet
{
    /// <summary>
    /// Granted by the market contract (contracts/src/Signatures.sol); with any other limit the two checks could disagree.
    /// </summary>
    public const long CheckGas = 250_000;

    /// <summary>
    /// An eth_call also pays its intrinsic cost before the wallet's code runs: 21,000, plus 16 per byte of calldata. The signature has at
    /// most <see cref="OrderSigning.MaxSignatureBytes"/>; a longer one is refused without a call.
    /// </summary>
    private const long CallOverheadGas = 21_000 + (16 * 4_500);

    public static readonly AbiFunction IsValidSignatureFunction = ContractArtifact.TestWallet.Function("isValidSignature");

    private static readonly byte[] Magic = [0x16, 0x26, 0xba, 0x7e];

    /// <summary>
    /// False for an account without code. A wallet's code is foreign, so gas is bounded here and time by the client's timeout. Throws if
    /// the node does not answer.
    /// </summary>
    public static async Task<bool> AcceptsAsync(
        EthereumClient client,
        Address wallet,
        Hash32 digest,
        byte[] signature,
        BlockRef block = default,
        CancellationToken cancellationToken = default
    )
    {
        if (signature.Length > OrderSigning.MaxSignatureBytes)
            return false;
        var call = new CallRequest(wallet, IsValidSignatureFunction.Encode(digest, signature), Gas: CheckGas + CallOverheadGas);
        byte[] answer;
        try
        {
            answer = await client.CallAsync(call, block, cancellationToken);
        }
        catch (RpcException e) when (e is not RpcUnavailableException && (e.IsRevert || IsOutOfGas(e)))
        {
            return false;
        }

        // The market contract reads the first word and ignores the rest, and this check must agree with it.
        return answer.Length >= Word.Size && answer.AsSpan(0, 4).SequenceEqual(Magic) && !answer.AsSpan(4, 28).ContainsAnyExcept((byte)0);
    }

    // By message, because nodes share no error code for it.
    private static bool IsOutOfGas(RpcException e) =>
        e.NodeMessage.Contains("out of gas", StringComparison.OrdinalIgnoreCase)
        || e.NodeMessage.Contains("OutOfGas", StringComparison.Ordinal)
        || e.NodeMessage.Contains("OOG", StringComparison.Ordinal);
}
