using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

/// <summary>Signatures of contract wallets (ERC-1271), asked of the chain as the market contract will ask.</summary>
public static class ContractWallet
{
    /// <summary>What the market contract gives a wallet's check (contracts/src/Signatures.sol).</summary>
    public const long CheckGas = 250_000;

    /// <summary>
    /// An eth_call also pays for itself before the wallet's code runs: 21,000, and 16 per byte of a signature, which may have
    /// <see cref="SignatureLimit"/> bytes.
    /// </summary>
    private const long CallOverheadGas = 21_000 + (16 * 4_500);

    /// <summary>Bytes of a wallet's signature; a longer one is refused without asking the chain.</summary>
    public const int SignatureLimit = 4_096;

    public static readonly AbiFunction IsValidSignatureFunction = ContractArtifact.TestWallet.Function("isValidSignature");

    private static readonly byte[] Magic = [0x16, 0x26, 0xba, 0x7e];

    /// <summary>
    /// Does the contract at <paramref name="wallet"/> accept this signature at that block? False for an account without code.
    /// Bounded in gas; the client's timeout bounds it in time, and a node that does not answer throws.
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
        if (signature.Length > SignatureLimit)
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

        // The contract reads the first word and accepts any length of at least that: so does this.
        return answer.Length >= Word.Size && answer.AsSpan(0, 4).SequenceEqual(Magic) && !answer.AsSpan(4, 28).ContainsAnyExcept((byte)0);
    }

    // Nodes have no common code for it.
    private static bool IsOutOfGas(RpcException e) =>
        e.NodeMessage.Contains("out of gas", StringComparison.OrdinalIgnoreCase)
        || e.NodeMessage.Contains("OutOfGas", StringComparison.Ordinal)
        || e.NodeMessage.Contains("OOG", StringComparison.Ordinal);
}
