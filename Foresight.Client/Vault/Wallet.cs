using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Nethereum.Hex.HexTypes;
using Nethereum.RPC.Eth.DTOs;
using TransactionReceipt = Foresight.Chain.Rpc.TransactionReceipt;

namespace Foresight.Client.Vault;

/// <summary>A transaction was mined and did nothing. Its reason is in <see cref="Exception.Message"/> where the node gives one.</summary>
public sealed class TransactionFailedException(Hash32 transaction, string reason) : Exception($"Transaction {transaction} failed: {reason}")
{
    public Hash32 Transaction { get; } = transaction;
}

/// <summary>One transaction at a time, because the next one may depend on what it has changed.</summary>
internal sealed class Wallet(EthereumClient chain, PrivateKey key, BigInteger chainId, TimeProvider clock)
{
    private static readonly TimeSpan ReceiptPoll = TimeSpan.FromMilliseconds(250);
    private static readonly BigInteger LeastTip = 1_000_000_000;

    public Address Address => key.Address;

    public byte[] Sign(Hash32 digest) => key.Sign(digest);

    /// <summary>Returns when it is mined, however long that takes, so the caller needs a token that ends it.</summary>
    /// <exception cref="RpcException">The node refuses it: what it would do reverts, or the account cannot pay for gas.</exception>
    /// <exception cref="TransactionFailedException">It was mined, and reverted.</exception>
    public async Task<TransactionReceipt> SendAsync(Address to, byte[] data, CancellationToken stop)
    {
        var gas = await EstimateAsync(to, data);
        var fees = await chain.SuggestFeesAsync(LeastTip, stop);
        var signed = new Eip1559Transaction
        {
            ChainId = chainId,
            Nonce = await chain.GetTransactionCountAsync(Address, BlockRef.Pending, stop),
            To = to,
            // What an estimate has seen may have changed when it is mined, such as a storage slot that was empty.
            GasLimit = gas + gas / 4,
            MaxFeePerGas = fees.MaxFeePerGas,
            MaxPriorityFeePerGas = fees.MaxPriorityFeePerGas,
            Data = data,
        }.Sign(key);
        var hash = await chain.SendTransactionAsync(signed, stop);
        while (true)
        {
            if ((await chain.GetTransactionReceiptsAsync([hash], stop))[0] is { } receipt)
                return receipt.Succeeded ? receipt : throw new TransactionFailedException(hash, "it was mined and reverted.");
            await Task.Delay(ReceiptPoll, clock, stop);
        }
    }

    private async Task<long> EstimateAsync(Address to, byte[] data)
    {
        var call = new CallInput(Hex.Encode(data), to.ToLowerHex()) { From = Address.ToLowerHex(), Value = new HexBigInteger(0) };
        return (long)(await chain.Eth.Transactions.EstimateGas.SendRequestAsync(call)).Value;
    }
}
