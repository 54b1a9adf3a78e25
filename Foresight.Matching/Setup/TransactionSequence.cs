using System.Numerics;
using System.Text.Json.Nodes;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;

namespace Foresight.Matching.Setup;

/// <summary>
/// Transactions of the set-up: all are sent one after the other, and only then are they waited for, so that they share blocks.
/// </summary>
internal sealed class TransactionSequence(EthereumClient client, PrivateKey key, long chainId)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly List<Hash32> sent = [];
    private long? next;
    private BigInteger maxFee;

    /// <summary>Signs and sends. <paramref name="to"/> null creates a contract, whose address is in the result.</summary>
    public async Task<SignedTransaction> SendAsync(Address? to, byte[] data, long gas, CancellationToken cancellation)
    {
        if (next is null)
        {
            next = await client.GetTransactionCountAsync(key.Address, BlockRef.Pending, cancellation);
            maxFee = 2 * (await client.SuggestFeesAsync(BigInteger.Pow(10, 9), cancellation)).MaxFeePerGas;
        }

        var signed = new Eip1559Transaction
        {
            ChainId = chainId, Nonce = next.Value, To = to, GasLimit = gas, MaxFeePerGas = maxFee,
            MaxPriorityFeePerGas = BigInteger.Pow(10, 9), Data = data,
        }.Sign(key);
        sent.Add(await client.SendTransactionAsync(signed, cancellation));
        next++;
        return signed;
    }

    /// <summary>By an account that the development node has unlocked.</summary>
    public async Task SendUnlockedAsync(Address from, Address to, byte[] data, CancellationToken cancellation)
    {
        var transaction = new JsonObject
            { ["from"] = from.ToLowerHex(), ["to"] = to.ToLowerHex(), ["data"] = Hex.Encode(data), ["gas"] = Hex.EncodeQuantity(200_000) };
        sent.Add(Hash32.Parse((await client.RequestAsync(new RpcRequest("eth_sendTransaction", transaction), cancellation)).GetString()!));
    }

    /// <returns>Highest block that holds one of them.</returns>
    /// <exception cref="InvalidOperationException">One reverted, or was not mined in a minute.</exception>
    public async Task<long> WaitAsync(CancellationToken cancellation)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(Deadline);
        try
        {
            var receipts = await client.GetTransactionReceiptsAsync(sent, bound.Token);
            while (receipts.Any(r => r is null))
            {
                await Task.Delay(Poll, bound.Token);
                receipts = await client.GetTransactionReceiptsAsync(sent, bound.Token);
            }

            if (receipts.FirstOrDefault(r => !r!.Succeeded) is { } failed)
                throw new InvalidOperationException(
                    $"Transaction {failed.TransactionHash} of the set-up reverted, after {failed.GasUsed} gas.");
            return receipts.Max(r => r!.BlockNumber);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new InvalidOperationException(
                $"The chain has not mined the {sent.Count} transactions of the set-up within {Deadline.TotalSeconds:0} s.");
        }
    }
}
