using System.Numerics;
using System.Text.Json.Nodes;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;

namespace Foresight.Matching.Setup;

/// <summary>All transactions are sent before the first is awaited, so that they share blocks.</summary>
internal sealed class TransactionSequence(EthereumClient client, PrivateKey key, long chainId)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly List<Hash32> _sent = [];
    private long? _next;
    private BigInteger _maxFee;

    /// <summary>If <paramref name="to"/> is null it creates a contract, whose address is in the result.</summary>
    public async Task<SignedTransaction> SendAsync(Address? to, byte[] data, long gas, CancellationToken cancellationToken)
    {
        if (_next is null)
        {
            _next = await client.GetTransactionCountAsync(key.Address, BlockRef.Pending, cancellationToken);
            _maxFee = 2 * (await client.SuggestFeesAsync(BigInteger.Pow(10, 9), cancellationToken)).MaxFeePerGas;
        }

        var signed = new Eip1559Transaction
        {
            ChainId = chainId,
            Nonce = _next.Value,
            To = to,
            GasLimit = gas,
            MaxFeePerGas = _maxFee,
            MaxPriorityFeePerGas = BigInteger.Pow(10, 9),
            Data = data,
        }.Sign(key);
        _sent.Add(await client.SendTransactionAsync(signed, cancellationToken));
        _next++;
        return signed;
    }

    public async Task SendUnlockedAsync(Address from, Address to, byte[] data, CancellationToken cancellationToken)
    {
        var transaction = new JsonObject
        {
            ["from"] = from.ToLowerHex(),
            ["to"] = to.ToLowerHex(),
            ["data"] = Hex.Encode(data),
            ["gas"] = Hex.EncodeQuantity(200_000),
        };
        _sent.Add(
            Hash32.Parse((await client.RequestAsync(new RpcRequest("eth_sendTransaction", transaction), cancellationToken)).GetString()!)
        );
    }

    /// <exception cref="InvalidOperationException">One reverted, or was not mined within a minute.</exception>
    public async Task<long> WaitAsync(CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Deadline);
        try
        {
            var receipts = await client.GetTransactionReceiptsAsync(_sent, bound.Token);
            while (receipts.Any(r => r is null))
            {
                await Task.Delay(Poll, bound.Token);
                receipts = await client.GetTransactionReceiptsAsync(_sent, bound.Token);
            }

            if (receipts.FirstOrDefault(r => !r!.Succeeded) is { } failed)
                throw new InvalidOperationException(
                    $"Transaction {failed.TransactionHash} of the set-up reverted, after {failed.GasUsed} gas."
                );
            return receipts.Max(r => r!.BlockNumber);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException(
                $"The chain has not mined the {_sent.Count} transactions of the set-up within {Deadline.TotalSeconds:0} s."
            );
        }
    }
}
